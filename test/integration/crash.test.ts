import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import {
  assertValidRequest,
  call,
  message,
  outputsOf,
  patchCall,
  type RecordedRequest,
  reasoning,
  reply,
  type Step,
  text,
  userTexts,
} from '../support/fake-openai.ts';
import { logOf, logPathOf, startScene } from '../support/scene.ts';
import { isAlive, until } from '../support/start-daemon.ts';

const exec = (cmd: string, callId: string, more: Record<string, unknown> = {}) =>
  call('exec_command', { cmd, login: false, ...more }, { callId });
const freely = { sandboxPolicy: { type: 'dangerFullAccess' }, approvalPolicy: 'never' } as const;

describe('a daemon killed in mid-turn', () => {
  test('while a command runs: the turn shows as interrupted, the command is gone, the next prompt works', async () => {
    const scene = await startScene({
      script: [
        reply([
          exec('echo $$; sleep 300', 'c1', { yield_time_ms: 30_000 }),
          exec('trap "" TERM; echo stubborn; sleep 301', 'c2', { yield_time_ms: 30_000 }),
        ]),
        text('Back'),
      ],
    });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('go');
    await thread.event('item/commandExecution/outputDelta', 2);
    const printed = thread.itemsOf('commandExecution').map((item) => Number.parseInt(item.aggregatedOutput ?? '', 10));
    const pid = printed.find((value) => value > 0) ?? 0;
    expect(isAlive(pid)).toBe(true);

    await scene.daemon.kill9();
    await scene.start();

    await until('the command is gone', () => !isAlive(pid));
    const again = await attachThread(await scene.connect(), thread.id);
    expect(again.turns).toMatchObject([{ id: turnId, status: 'interrupted' }]);
    expect(again.itemsOf('commandExecution').map(({ id, status }) => [id, status])).toEqual([
      ['c1', 'failed'],
      ['c2', 'failed'],
    ]);
    expect(again.snapshot?.thread.status).toEqual({ type: 'idle' });
    expect(again.seq).toBeGreaterThan(thread.seq ?? 0);

    expect(await again.run('and now?', freely)).toMatchObject({ status: 'completed' });
    const next = await scene.openai.waitForRequest(2);
    expect(Object.keys(outputsOf(next))).toEqual(['c1', 'c2']);
    expect(outputsOf(next).c1).toContain('what it did is unknown');
    expect(userTexts(next).at(-2)).toMatch(/^<turn_aborted>/);
  });

  test('while an answer comes: what every screen showed is still shown', async () => {
    const scene = await startScene({ script: [text('abcdefghij', { chunks: 10, gate: 'step' }), text('Back')] });
    const thread = await startThread(await scene.connect());
    await thread.prompt('go');
    scene.openai.gate('step').release(4);
    await thread.event('item/agentMessage/delta', 4);
    // The words of a running item are at most 250 ms behind (DESIGN §6).
    const partial = `${scene.temp.home}/daemon/partial/${thread.id}`;
    await until('the words are kept', () => readOr(partial).includes('abcd') || readOr(partial).includes('d'));

    await scene.daemon.kill9();
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);

    expect(again.itemsOf('agentMessage')).toMatchObject([{ text: 'abcd' }]);
    await again.run('next', freely);
    expect((await scene.openai.waitForRequest(2)).body.input.filter((item) => item.role === 'assistant')).toEqual([]);
  });

  test('a prompt whose id was taken before the crash is not doubled after it', async () => {
    const scene = await startScene({ script: [text('never', { gate: 'never' }), text('never')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const params = {
      threadId: thread.id,
      input: [{ type: 'text' as const, text: 'go' }],
      clientUserMessageId: 'mine',
    };
    const { turn } = await client.request(turnStart, params);
    await scene.openai.waitForRequest(1);

    await scene.daemon.kill9();
    await scene.start();
    const again = await (await scene.connect()).request(turnStart, params);

    expect(again.turn).toMatchObject({ id: turn.id, status: 'interrupted' });
    expect(scene.openai.requests).toHaveLength(1);
  });
});

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Does a bit of everything, by what the request ends with. */
function everything({ body }: RecordedRequest): Step {
  const last = body.input.at(-1);
  if (last?.type === 'function_call_output' || last?.type === 'custom_tool_call_output') {
    return text('All done now', { chunks: 4 });
  }
  const n = body.input.length;
  const patch = `*** Begin Patch\n*** Add File: f${n}.txt\n+x\n*** End Patch`;
  return reply([
    reasoning('Let me see', { chunks: 3 }),
    message('Working', { chunks: 2 }),
    exec('echo a; echo b', `e${n}`),
    exec('exit 3', `x${n}`),
    patchCall(patch, { callId: `p${n}` }),
  ]);
}

describe('twenty kills at different points of a turn', () => {
  test('the log always loads, nothing that was told is lost, numbers rise, and every request is valid', async () => {
    const scene = await startScene({ script: everything });
    let thread: ClientThread = await startThread(await scene.connect());
    const { id } = thread;
    const told = new Map<string, ThreadItem>();

    for (let round = 0; round < 20; round += 1) {
      const prompted = thread.events.length;
      await thread.prompt(`round ${round}`, freely);
      const { client } = thread;
      await client.waitFor(`${round} events`, () => thread.events.length >= prompted + round * 2 || isOver(thread));
      await scene.daemon.kill9();
      await client.closed;
      for (const event of thread.events) {
        if (event.method === 'item/completed') told.set(event.params.item.id, event.params.item);
      }
      const lastSeq = thread.seq ?? 0;

      await scene.start();
      thread = await attachThread(await scene.connect(), id);

      expect(thread.seq).toBeGreaterThan(lastSeq);
      expect(thread.turns.filter(({ status }) => status === 'inProgress')).toEqual([]);
      // A prompt whose turn had not begun waits in line for a client.
      const waiting = thread.snapshot?.queue.map(({ input }) => input) ?? [];
      expect([...thread.itemsOf('userMessage').map(({ content }) => content), ...waiting]).toHaveLength(round + 1);
      const kept = new Map(thread.items.map((item) => [item.id, item]));
      for (const [itemId, item] of told) expect(kept.get(itemId)).toEqual(item);
    }

    expect(await thread.run('the end', freely)).toMatchObject({ status: 'completed' });
    for (const request of scene.openai.requests) assertValidRequest(request);
    expect(logOf(scene.temp, id).filter(({ type }) => type === 'session_meta')).toHaveLength(1);
  }, 90_000);
});

const isOver = (thread: ClientThread) => thread.events.at(-1)?.method === 'turn/completed' && thread.events.length > 8;

describe('a log that a crash cut in mid-line', () => {
  test('is gone on with, and the half line is passed over', async () => {
    const scene = await startScene({ script: [text('one'), text('two')] });
    const thread = await startThread(await scene.connect());
    await thread.run('first');
    await scene.daemon.kill9();
    appendFileSync(logPathOf(scene.temp, thread.id), '{"timestamp":"2026-01-01T00:00:00.000Z","type":"respon');

    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);
    await again.run('second', freely);

    expect(again.turns.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(userTexts(await scene.openai.waitForRequest(2)).slice(-2)).toEqual(['first', 'second']);
  });
});

describe('clients that are killed', () => {
  test('at any moment of a turn, the others miss nothing', async () => {
    const scene = await startScene({ script: everything });
    const survivor = await startThread(await scene.connect());
    const victims = await Promise.all(
      Array.from({ length: 8 }, async (_, at) =>
        attachThread(await scene.connect({ encoding: at % 2 ? 'json' : 'msgpack' }), survivor.id),
      ),
    );
    for (const [at, victim] of victims.entries()) {
      victim.client.listeners.add(() => {
        if (victim.events.length >= at * 3) victim.client.raw.socket.terminate();
      });
    }
    victims[0]?.client.raw.socket.terminate();

    const turn = await survivor.run('go');

    expect(turn.status).toBe('completed');
    expect(survivor.gaps).toEqual([]);
    await survivor.waitFor('the rest to be gone', () => survivor.snapshot?.presence.length === 1);
    const late = await attachThread(await scene.connect(), survivor.id);
    expect(late.turns).toEqual(survivor.turns);
  });

  test('the one who sent the prompt may go: its turn goes on', async () => {
    const scene = await startScene({ script: [text('whole answer', { chunks: 2, gate: 'step' })] });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(1);

    await thread.client.cut();
    const later = await attachThread(await scene.connect(), thread.id);
    scene.openai.gate('step').open();

    expect(await later.ended(turnId)).toMatchObject({ status: 'completed', items: [{ text: 'whole answer' }] });
  });
});
