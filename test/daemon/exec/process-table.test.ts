import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../daemon/deps.ts';
import type { ProcessEnd } from '../../../daemon/exec/exec-session.ts';
import { type ExecRequest, MAX_SESSIONS_PER_THREAD, ProcessTable } from '../../../daemon/exec/process-table.ts';
import { startTimeOf } from '../../../daemon/exec/process-tree.ts';
import { type CommandHarness, createCommandHarness, createOutputWatch } from './command-harness.ts';

/** Time that only moves when a test says so. */
class HandClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Map<object, { at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): unknown {
    const handle = {};
    this.#timers.set(handle, { at: this.#now + ms, run });
    return handle;
  }

  clearTimeout(handle: unknown): void {
    if (typeof handle === 'object' && handle !== null) this.#timers.delete(handle);
  }

  /** The limits that are waited for now, in ms from now. */
  waits(): readonly number[] {
    return [...this.#timers.values()].map(({ at }) => at - this.#now);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const [handle, { at, run }] of this.#timers) {
      if (at > this.#now) continue;
      this.#timers.delete(handle);
      run();
    }
  }
}

let harness: CommandHarness;
let clock: HandClock;
let table: ProcessTable;
beforeEach(() => {
  harness = createCommandHarness();
  clock = new HandClock();
  table = new ProcessTable({ clock, randomBytes, spawnCommand: harness.spawnCommand });
});
afterEach(async () => {
  await table.killAll();
  harness.remove();
});

function request(script: string, changes: Partial<ExecRequest> = {}): ExecRequest {
  return { ...harness.request(script), signal: new AbortController().signal, ...changes };
}

/** Starts a command that goes on, and answers as soon as it is under a session id. */
async function startLong(script: string, changes: Partial<ExecRequest> = {}) {
  const watch = createOutputWatch();
  const answer = table.start(request(script, { ...changes, onOutput: watch.onOutput }));
  await watch.saw('ready');
  clock.advance(10_000);
  const result = await answer;
  return { result, sessionId: result.sessionId ?? 0, watch };
}

const signal = new AbortController().signal;

describe('start', () => {
  test('answers when the command ends', async () => {
    const result = await table.start(request('echo hi; exit 3'));
    expect(result).toEqual({
      state: 'exited',
      exitCode: 3,
      sessionId: null,
      output: 'hi\n',
      wallTimeMs: 0,
      text: expect.stringMatching(
        /^Chunk ID: [0-9a-f]{6}\nWall time: 0\.0000 seconds\nProcess exited with code 3\nOriginal token count: 1\nOutput:\nhi\n$/,
      ),
    });
    expect(table.list()).toEqual([]);
  });

  test('answers with a session id when the time is up', async () => {
    const { result, sessionId } = await startLong('echo ready; sleep 300');
    expect(sessionId).toBeGreaterThanOrEqual(10_000);
    expect(sessionId).toBeLessThanOrEqual(99_999);
    expect(result).toMatchObject({ state: 'running', exitCode: null, output: 'ready\n', wallTimeMs: 10_000 });
    expect(result.text).toContain(`Wall time: 10.0000 seconds\nProcess running with session ID ${sessionId}\n`);
    expect(table.list()).toMatchObject([{ sessionId, threadId: 'thread-1', callId: 'call-1', isRunning: true }]);
  });

  test('cuts the text to the budget, not the output', async () => {
    const result = await table.start(request('printf 0123456789abcdef', { maxOutputTokens: 2 }));
    expect(result.output).toBe('0123456789abcdef');
    expect(result.text).toContain('0123…2 tokens truncated…cdef');
  });

  test('reports deltas and the end', async () => {
    const watch = createOutputWatch();
    const end = await new Promise<ProcessEnd>((onExit) => {
      void table.start(request('echo a; exit 2', { onOutput: watch.onOutput, onExit }));
    });
    expect(end).toEqual({ exitCode: 2, aggregatedOutput: 'a\n', durationMs: 0 });
    expect(watch.all()).toBe('a\n');
  });

  test('an abort kills at once and answers with what was output', async () => {
    const controller = new AbortController();
    const watch = createOutputWatch();
    const answer = table.start(
      request('echo "ready $$"; sleep 300', { signal: controller.signal, onOutput: watch.onOutput }),
    );
    await watch.saw('\n');
    clock.advance(1_100);
    controller.abort();
    expect(await answer).toMatchObject({
      state: 'aborted',
      output: watch.all(),
      text: 'Wall time: 1.1 seconds\naborted by user',
    });
    expect(startTimeOf(Number(watch.all().split(' ')[1]))).toBeNull();
    expect(table.list()).toEqual([]);
  });

  test('aborted before it starts, nothing runs', async () => {
    const result = await table.start(request('touch ran', { signal: AbortSignal.abort() }));
    expect(result).toMatchObject({ state: 'aborted', text: 'Wall time: 0.0 seconds\naborted by user' });
    expect(table.list()).toEqual([]);
  });

  test('a command that cannot start leaves no session', async () => {
    await expect(table.start(request('true', { cwd: '/does/not/exist' }))).rejects.toThrow('does not exist');
    expect(table.list()).toEqual([]);
  });
});

describe('write', () => {
  test('types into a terminal and reads what is new, to the end', async () => {
    const { sessionId, watch } = await startLong('echo ready; read line; echo "got $line"; read line; exit 5', {
      tty: true,
    });
    const answer = table.write({ threadId: 'thread-1', sessionId, chars: 'one\n', signal });
    await watch.saw('got one');
    expect(clock.waits()).toEqual([250]);
    clock.advance(250);
    expect(await answer).toMatchObject({ state: 'running', sessionId, output: 'one\r\ngot one\r\n' });

    const last = await table.write({ threadId: 'thread-1', sessionId, chars: 'two\n', signal });
    expect(last).toMatchObject({ state: 'exited', exitCode: 5, sessionId: null, output: 'two\r\n' });
    await expect(table.write({ threadId: 'thread-1', sessionId, chars: '', signal })).rejects.toThrow(
      `write_stdin failed: Unknown process id ${sessionId}`,
    );
  });

  test('an end between two looks is told once', async () => {
    const { sessionId, watch } = await startLong('echo ready; read line; echo bye', { tty: true });
    const pid = table.list()[0]?.pid ?? 0;
    const poll = table.write({ threadId: 'thread-1', sessionId, chars: '\n', signal });
    await watch.saw('bye');
    expect(await poll).toMatchObject({ state: 'exited', exitCode: 0 });
    await expect.poll(() => startTimeOf(pid)).toBeNull();
    expect(table.list()).toEqual([]);
  });

  test.each([
    { name: 'an empty poll waits 5 s', chars: '', yieldTimeMs: 10, waits: 5_000 },
    { name: 'and at most 300 s', chars: '', yieldTimeMs: 10_000_000, waits: 300_000 },
    { name: 'writing waits at most 30 s', chars: 'x', yieldTimeMs: 60_000, waits: 30_000 },
  ])('$name', async ({ chars, yieldTimeMs, waits }) => {
    const { sessionId } = await startLong('echo ready; sleep 300', { tty: true });
    const answer = table.write({ threadId: 'thread-1', sessionId, chars, yieldTimeMs, signal });
    expect(clock.waits()).toEqual([waits]);
    clock.advance(waits);
    expect((await answer).state).toBe('running');
  });

  test('refuses a closed stdin, an unknown number, and another thread’s', async () => {
    const { sessionId } = await startLong('echo ready; sleep 300');
    const write = { threadId: 'thread-1', sessionId, chars: 'x', signal };
    await expect(table.write(write)).rejects.toThrow(`write_stdin failed: stdin of process ${sessionId} is closed`);
    await expect(table.write({ ...write, sessionId: 999 })).rejects.toThrow(
      'write_stdin failed: Unknown process id 999',
    );
    await expect(table.write({ ...write, threadId: 'other' })).rejects.toThrow('Unknown process id');
  });

  test('an abort kills what is waited for', async () => {
    const { sessionId } = await startLong('echo ready; sleep 300');
    const controller = new AbortController();
    const answer = table.write({ threadId: 'thread-1', sessionId, chars: '', signal: controller.signal });
    controller.abort();
    expect(await answer).toMatchObject({ state: 'aborted' });
    expect(table.list()).toEqual([]);
  });
});

describe('ending', () => {
  test('kill ends one thread’s processes, killAll the rest, and nothing starts after it', async () => {
    const mine = await startLong('echo ready; sleep 300');
    const other = await startLong('echo ready; sleep 300', { threadId: 'other' });
    const pids = table.list().map(({ pid }) => pid ?? 0);

    await table.kill('thread-1');
    expect(table.list().map(({ sessionId }) => sessionId)).toEqual([other.sessionId]);
    expect(mine.sessionId).not.toBe(other.sessionId);
    await table.killAll();
    expect(table.list()).toEqual([]);
    expect(pids.map((pid) => startTimeOf(pid))).toEqual([null, null]);
    expect(harness.ledger.list()).toEqual([]);
    await expect(table.start(request('true'))).rejects.toThrow('the daemon is stopping');
  });

  test('killAll ends a process that is just being started', async () => {
    const answer = table.start(request('sleep 300'));
    await table.killAll();
    expect((await answer).state).toBe('exited');
  });

  test('one session too many drops the oldest', async () => {
    const first = await startLong('echo ready; sleep 300');
    const rest = Array.from({ length: MAX_SESSIONS_PER_THREAD - 1 }, () => startLong('echo ready; sleep 300'));
    await Promise.all(rest);
    expect(table.list()).toHaveLength(MAX_SESSIONS_PER_THREAD);
    await startLong('echo ready; sleep 300', { threadId: 'other' });
    await startLong('echo ready; sleep 300');
    expect(table.list()).toHaveLength(MAX_SESSIONS_PER_THREAD + 1);
    expect(table.list().some(({ sessionId }) => sessionId === first.sessionId)).toBe(false);
  });
});

test('runs on the machine’s own clock as well', async () => {
  const real = new ProcessTable({ clock: systemClock, randomBytes, spawnCommand: harness.spawnCommand });
  const result = await real.start(request('sleep 300', { yieldTimeMs: 1 }));
  expect(result.state).toBe('running');
  await real.killAll();
});
