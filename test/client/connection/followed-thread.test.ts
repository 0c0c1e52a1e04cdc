import { mkdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClientHome } from '../../../client/connection/home.ts';
import { cleanups } from '../../support/cleanups.ts';
import { linkTo, recordFollow, startFake, stateOf } from '../../support/client-link.ts';
import {
  itemStarted,
  makeSnapshot,
  THREAD_ID,
  textDelta,
  turnCompleted,
  turnStarted,
} from '../../support/client-thread.ts';
import { FakeDaemon, makeClientHome } from '../../support/fake-daemon.ts';
import fc from '../../support/fast-check.ts';

describe('following a thread', () => {
  test('starts with a snapshot and goes on with events', async () => {
    const { fake, home } = await startFake();
    fake.addThread(makeSnapshot(), 41);
    const { updates, following, reached } = recordFollow(await linkTo(home.paths.socketPath));
    const followed = await following;
    fake.emit(THREAD_ID, turnStarted());
    await reached(42);

    expect(updates.map(({ kind, seq }) => ({ kind, seq }))).toEqual([
      { kind: 'snapshot', seq: 41 },
      { kind: 'event', seq: 42 },
    ]);
    expect(followed.current).toEqual(fake.threads.get(THREAD_ID)?.snapshot);
  });

  test('rejects for a thread that does not exist', async () => {
    const { home } = await startFake();
    const { following } = recordFollow(await linkTo(home.paths.socketPath));

    await expect(following).rejects.toMatchObject({ errorName: 'threadNotFound' });
  });

  test('fills a hole by attaching again', async () => {
    const { fake, home } = await startFake();
    fake.addThread(makeSnapshot());
    const { updates, following, reached } = recordFollow(await linkTo(home.paths.socketPath));
    await following;
    fake.emitUnheard(THREAD_ID, turnStarted());
    fake.emit(THREAD_ID, itemStarted({ type: 'agentMessage', id: 'm', text: '' }));
    fake.emit(THREAD_ID, textDelta('m', 'hello'));
    await reached(3);

    expect(updates.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    expect(updates.at(-1)?.snapshot).toEqual(fake.threads.get(THREAD_ID)?.snapshot);
  });

  test('takes a snapshot in place of events that were merged over known ones', async () => {
    const { fake, home } = await startFake();
    fake.addThread(makeSnapshot());
    const { updates, following, reached } = recordFollow(await linkTo(home.paths.socketPath));
    await following;
    fake.emit(THREAD_ID, turnStarted());
    fake.emit(THREAD_ID, itemStarted({ type: 'agentMessage', id: 'm', text: '' }));
    fake.emit(THREAD_ID, textDelta('m', 'a'));
    await reached(3);
    fake.emitUnheard(THREAD_ID, textDelta('m', 'b'));
    fake.emitMergedOver(THREAD_ID, 2, textDelta('m', 'ab'));
    await reached(4);

    expect(updates.at(-1)).toEqual({ kind: 'snapshot', seq: 4, snapshot: fake.threads.get(THREAD_ID)?.snapshot });
  });

  test('says that the thread closed when a restarted daemon does not know it', async () => {
    const { fake, home } = await startFake();
    fake.addThread(makeSnapshot());
    const link = await linkTo(home.paths.socketPath);
    const { updates, following } = recordFollow(link);
    await following;
    const lost = stateOf(link, 'reconnecting');
    await fake.stop();
    await lost;
    fake.threads.clear();
    const back = stateOf(link, 'connected');
    await fake.start();
    await back;

    expect(updates.at(-1)).toMatchObject({
      kind: 'event',
      event: { method: 'thread/closed' },
      snapshot: { thread: { status: { type: 'notLoaded' } } },
    });
  });

  test('ends with an unsubscribe', async () => {
    const { fake, home } = await startFake();
    fake.addThread(makeSnapshot());
    const { following } = recordFollow(await linkTo(home.paths.socketPath));
    await (await following).stop();

    expect(fake.calls.at(-1)).toEqual({ method: 'thread/unsubscribe', params: { threadId: THREAD_ID } });
  });
});

/** Passes bytes on to a daemon and breaks each connection after the next number of bytes from it. */
async function startCuttingProxy(home: ClientHome, target: string, cutAfterBytes: number[]): Promise<Server> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    let left = cutAfterBytes.shift() ?? Number.POSITIVE_INFINITY;
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) client.end(() => client.destroy());
    });
  });
  mkdirSync(home.paths.socketDir, { recursive: true, mode: 0o700 });
  await new Promise<void>((resolve) => server.listen(home.paths.socketPath, resolve));
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return server;
}

type Step = 'delta' | 'merged' | 'snapshot' | 'unheard' | 'cut' | 'newItem' | 'endTurn' | 'breathe';
const steps = fc.array(
  fc.constantFrom<Step>(
    'delta',
    'delta',
    'delta',
    'merged',
    'snapshot',
    'unheard',
    'cut',
    'newItem',
    'endTurn',
    'breathe',
  ),
  { minLength: 5, maxLength: 60 },
);

test('a client cut at any byte ends in the state of the daemon, with each event once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.integer({ min: 1, max: 4_000 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 20 }),
      async (script, cuts, keptEvents) => {
        const { home, remove } = makeClientHome();
        const fake = await new FakeDaemon(home, { socketPath: join(home.home, 'real.sock'), keptEvents }).start();
        const before = cleanups.length;
        cleanups.push(remove, () => fake.stop());
        // The first handshake and attach go through, so that there is something to lose.
        await startCuttingProxy(home, fake.socketPath, [20_000, ...cuts]);
        fake.addThread(makeSnapshot());
        const link = await linkTo(home.paths.socketPath);
        const { updates, following, reached } = recordFollow(link);
        const followed = await following;

        await play(fake, script);
        const last = fake.emit(THREAD_ID, turnCompleted());
        await reached(last);

        expect(followed.current).toEqual(fake.threads.get(THREAD_ID)?.snapshot);
        const seqs = updates.map(({ seq }) => seq);
        expect(seqs).toEqual([...new Set(seqs)].sort((left, right) => left - right));
        for (const cleanup of cleanups.splice(before).reverse()) await cleanup();
      },
    ),
    { numRuns: 40 },
  );
});

async function play(fake: FakeDaemon, script: readonly Step[]): Promise<void> {
  let item = 0;
  fake.emit(THREAD_ID, turnStarted());
  fake.emit(THREAD_ID, itemStarted({ type: 'agentMessage', id: 'm0', text: '' }));
  for (const step of script) {
    const id = `m${item}`;
    if (step === 'delta') fake.emit(THREAD_ID, textDelta(id, 'x'));
    else if (step === 'merged')
      fake.emitMerged(THREAD_ID, [textDelta(id, 'y'), textDelta(id, 'z'), textDelta(id, '!')]);
    else if (step === 'snapshot') fake.emitAsSnapshot(THREAD_ID, textDelta(id, 's'));
    else if (step === 'unheard') fake.emitUnheard(THREAD_ID, textDelta(id, 'u'));
    else if (step === 'cut') fake.cut();
    else if (step === 'breathe') await new Promise((resolve) => setImmediate(resolve));
    else if (step === 'endTurn') fake.emit(THREAD_ID, turnStarted());
    else {
      item += 1;
      fake.emit(THREAD_ID, itemStarted({ type: 'agentMessage', id: `m${item}`, text: '' }));
    }
  }
}
