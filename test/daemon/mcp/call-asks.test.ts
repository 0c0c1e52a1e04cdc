import { describe, expect, onTestFinished, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { DeadlineError } from '../../../daemon/deadline.ts';
import type { AskedAnswer } from '../../../daemon/mcp/call-asks.ts';
import type { LiveEvents } from '../../../daemon/mcp/connect-server.ts';
import { McpServer } from '../../../daemon/mcp/mcp-server.ts';
import { StandstillClock } from '../../../daemon/mcp/standstill-clock.ts';

const LIMIT_MS = 1_000;
const yes: AskedAnswer = { action: 'accept', content: {} };

/** A server that answers nothing by itself, and what asks in its name. */
async function silentServer() {
  const clock = new SimulatedClock();
  const events: LiveEvents[] = [];
  const launch = { kind: 'stdio', name: 'box', argv: [], env: {}, umask: 0, cwd: '/' } as const;
  const deps = {
    clock,
    connect: async (_launch: unknown, _signal: unknown, given: LiveEvents) => {
      events.push(given);
      const offer = { tools: [], serverInfo: null, capabilities: {}, instructions: null };
      return { offer, request: () => new Promise<never>(() => undefined), close: async () => undefined };
    },
    onChange: () => undefined,
    inspect: () => undefined,
    onInternalError: (error: unknown) => expect.unreachable(String(error)),
  };
  const server = new McpServer(launch, { startLimitMs: LIMIT_MS, lingerMs: LIMIT_MS }, deps);
  onTestFinished(() => server.stop());
  await server.whenStarted(new AbortController().signal);
  const [asking] = events;
  if (!asking) throw new Error('it was not started');
  const abort = new AbortController();
  /** A call that is under way, and how it ends. */
  const callWith = async (onAsked?: LiveEvents['asked']) => {
    const ended = server
      .request('tools/call', {}, { signal: abort.signal, limitMs: LIMIT_MS, onAsked })
      .catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    return ended;
  };
  const never = new AbortController().signal;
  return { clock, abort, ask: () => asking.asked({}, never), callWith };
}

describe('while an MCP server asks people', () => {
  test('no time of its calls passes, and what is left passes afterwards', async () => {
    const { clock, ask, callWith } = await silentServer();
    let answer = (_: AskedAnswer): void => undefined;
    const asked = new Promise<AskedAnswer>((resolve) => {
      answer = resolve;
    });
    const states: unknown[] = [];
    const started = callWith(() => asked);
    void started.then((error) => states.push(error));
    await new Promise((resolve) => setImmediate(resolve));
    clock.increment(LIMIT_MS - 100);
    const answered = ask();
    clock.increment(100 * LIMIT_MS);
    await new Promise((resolve) => setImmediate(resolve));
    expect(states).toEqual([]);

    answer(yes);
    expect(await answered).toEqual(yes);
    clock.increment(99);
    await new Promise((resolve) => setImmediate(resolve));
    expect(states).toEqual([]);
    clock.increment(1);
    expect(await started).toEqual(new DeadlineError(LIMIT_MS));
  });

  test('calls in which nobody may be asked keep their limit', async () => {
    const { clock, ask, callWith } = await silentServer();
    const asking = callWith(() => new Promise(() => undefined));
    const other = callWith();
    await new Promise((resolve) => setImmediate(resolve));
    void ask();
    clock.increment(LIMIT_MS);
    expect(await other).toEqual(new DeadlineError(LIMIT_MS));
    expect(await Promise.race([asking, 'goes on'])).toBe('goes on');
  });

  test('the question is that of the call that began last, and ends with it', async () => {
    const { abort, ask, callWith } = await silentServer();
    const heard: string[] = [];
    const people = (name: string) => (_: unknown, signal: AbortSignal) =>
      new Promise<AskedAnswer>((resolve) => {
        heard.push(name);
        signal.addEventListener('abort', () => resolve({ action: 'cancel' }));
      });
    const calls = [callWith(people('first')), callWith(people('second'))];
    await new Promise((resolve) => setImmediate(resolve));
    const answered = ask();
    abort.abort(new Error('stopped'));
    expect(await Promise.all(calls)).toEqual([new Error('stopped'), new Error('stopped')]);
    expect(heard).toEqual(['second']);
    expect(await answered).toEqual({ action: 'cancel' });
  });

  test('with no call under way nobody is asked', async () => {
    const { ask, callWith } = await silentServer();
    expect(await ask()).toEqual({ action: 'cancel' });
    void callWith();
    expect(await ask()).toEqual({ action: 'cancel' });
  });
});

describe('a clock that can stand still', () => {
  test('goes on only when everybody lets it, and forgets what was cleared', () => {
    const clock = new SimulatedClock();
    const still = new StandstillClock(clock);
    const rung: string[] = [];
    still.setTimeout(() => rung.push('a'), 10);
    const cleared = still.setTimeout(() => rung.push('b'), 10);
    clock.increment(4);
    const [first, second] = [still.stop(), still.stop()];
    still.setTimeout(() => rung.push('c'), 3);
    still.clearTimeout(cleared);
    clock.increment(100);
    first();
    clock.increment(100);
    expect(rung).toEqual([]);
    second();
    clock.increment(3);
    expect(rung).toEqual(['c']);
    clock.increment(3);
    expect(rung).toEqual(['c', 'a']);
    expect(still.now()).toBe(clock.now());
  });
});
