import { describe, expect, test } from 'vitest';
import { ConnectError } from '../../../client/connection/connect-error.ts';
import { daemonStop } from '../../../machines/protocol/methods/daemon.ts';
import { threadList, threadRead } from '../../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../../machines/protocol/methods/turn.ts';
import { cleanups } from '../../support/cleanups.ts';
import { facts, linkTo, startFake, stateOf, until } from '../../support/client-link.ts';
import { makeThread, makeTurn, THREAD_ID } from '../../support/client-thread.ts';
import { FakeDaemon, makeClientHome } from '../../support/fake-daemon.ts';

describe('calls', () => {
  test('are answered over msgpack and carry the client facts in the handshake', async () => {
    const { fake, home } = await startFake({ answers: { 'thread/list': () => ({ data: [], nextCursor: null }) } });
    const link = await linkTo(home.paths.socketPath);

    expect(await link.request(threadList, {})).toEqual({ data: [], nextCursor: null });
    expect(link.clientId).toBe('client-1');
    expect(fake.calls[0]).toMatchObject({
      method: 'initialize',
      params: { capabilities: { extensions: { codexDaemon: { pid: 1, environment: facts.environment } } } },
    });
  });

  test('fall back to JSON text with a server that does not know our subprotocol', async () => {
    const { home } = await startFake({ isOurs: false, answers: { 'thread/list': () => ({ data: [] }) } });
    const link = await linkTo(home.paths.socketPath);

    expect(await link.request(threadList, {})).toEqual({ data: [], presence: {} });
    expect(link.clientId).toBeNull();
  });

  test('are refused in one sentence when the protocols are too far apart', async () => {
    const { home } = await startFake({ protocol: { min: 7, max: 9 }, build: '9.0.0' });

    await expect(linkTo(home.paths.socketPath)).rejects.toThrow(
      'the daemon (build 9.0.0, protocol 7-9) and this client (build 0.1.0, protocol 1) do not understand each other; ' +
        'run `codex daemon restart`',
    );
  });

  test('that only look are repeated when the connection is cut under them', async () => {
    let asked = 0;
    const { fake, home } = await startFake({
      answers: {
        'thread/read': () => {
          asked += 1;
          if (asked > 1) return { thread: makeThread() };
          fake.cut();
          return new Promise(() => {});
        },
      },
    });
    const link = await linkTo(home.paths.socketPath);

    expect(await link.request(threadRead, { threadId: THREAD_ID })).toEqual({ thread: makeThread() });
    expect(asked).toBe(2);
  });

  test('that change something are not repeated, except a prompt with an id of its own', async () => {
    let prompts = 0;
    const { fake, home } = await startFake({
      answers: {
        'daemon/stop': () => {
          fake.cut();
          return new Promise(() => {});
        },
        'turn/start': () => {
          prompts += 1;
          if (prompts > 1) return { turn: makeTurn() };
          fake.cut();
          return new Promise(() => {});
        },
      },
    });
    const link = await linkTo(home.paths.socketPath);
    const prompt = { threadId: THREAD_ID, input: [{ type: 'text' as const, text: 'hi' }] };

    await expect(link.request(daemonStop, {})).rejects.toMatchObject({ errorName: 'connectionClosed' });
    expect(await link.request(turnStart, { ...prompt, clientUserMessageId: 'mine' })).toEqual({ turn: makeTurn() });
    prompts = 0;
    await expect(link.request(turnStart, prompt)).rejects.toMatchObject({ errorName: 'connectionClosed' });
  });

  test('end with the reason once the link is closed', async () => {
    const { home } = await startFake();
    const link = await linkTo(home.paths.socketPath);
    link.close();

    await expect(link.request(threadList, {})).rejects.toMatchObject({
      errorName: 'connectionClosed',
      message: 'this client closed its link',
    });
  });
});

describe('a lost daemon', () => {
  test('is attached to again when it comes back, with a new client id', async () => {
    const { fake, home } = await startFake();
    const link = await linkTo(home.paths.socketPath);
    const lost = stateOf(link, 'reconnecting');
    await fake.stop();
    await lost;
    const back = stateOf(link, 'connected');
    await fake.start();
    await back;

    expect(link.clientId).toBe('client-2');
  });

  test('may be started again after a crash, but not after a stop until a call needs it', async () => {
    const attempts: boolean[] = [];
    let onAttempt = (_mayStart: boolean): void => {};
    const { fake, home } = await startFake({ answers: { 'thread/list': () => ({ data: [] }) } });
    const link = await linkTo(home.paths.socketPath, {
      autostart: true,
      onConnect: (mayStart) => {
        attempts.push(mayStart);
        onAttempt(mayStart);
      },
    });
    const attempted = (wanted: boolean) =>
      until<boolean>(
        (listener) => {
          onAttempt = listener;
        },
        (mayStart) => mayStart === wanted,
      );

    const told = until<{ method: string }>(
      (listener) => link.onGlobal(listener),
      () => true,
    );
    fake.notifyAll('daemon/stopping', { reason: 'codex daemon stop' });
    await told;
    const waiting = attempted(false);
    await fake.stop();
    await waiting;
    const wanted = attempted(true);
    const call = link.request(threadList, {});
    await wanted;
    await fake.start();

    expect(await call).toEqual({ data: [] });
    expect(attempts[0]).toBe(true);
  });

  test('closes the link when it stays away longer than the limit', async () => {
    const { fake, home } = await startFake();
    const link = await linkTo(home.paths.socketPath, { giveUpAfterMs: 0 });
    const closed = stateOf(link, 'closed');
    await fake.stop();

    expect((await closed) as unknown).toMatchObject({
      kind: 'closed',
      why: expect.stringContaining('the daemon is not running; run `codex daemon start`'),
    });
  });

  test('of another protocol closes the link at once', async () => {
    const { fake, home } = await startFake();
    const link = await linkTo(home.paths.socketPath);
    const closed = stateOf(link, 'closed');
    await fake.stop();
    const other = await new FakeDaemon(home, { protocol: { min: 5, max: 5 } }).start();
    cleanups.push(() => other.stop());

    expect(await closed).toMatchObject({ why: expect.stringContaining('codex daemon restart') });
  });

  test('that never ran is an error of the first connection', async () => {
    const { home, remove } = makeClientHome();
    cleanups.push(remove);

    await expect(linkTo(home.paths.socketPath)).rejects.toBeInstanceOf(ConnectError);
  });
});
