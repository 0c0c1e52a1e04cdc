import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { connectClient, type DaemonClient } from '../support/daemon-client.ts';
import { message, paced, reply } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';
import { type SlowProxy, startSlowProxy } from '../support/slow-proxy.ts';
import { clientEnvironment, until } from '../support/start-daemon.ts';

const MEGABYTES = Number(process.env.CODEX_BENCH_MEGABYTES ?? 50);
const PIECE = 'a piece of a very long answer, as long as a piece of an answer may well be; '.repeat(50);
const PIECES = Math.ceil((1024 * 1024) / PIECE.length);
/** A small part of what the daemon can do: where it has no time left, delays say how long its queues are. */
const ANSWER_BYTES_PER_SECOND = 8 * 1024 * 1024;
/** Messages of a megabyte: a server repeats each one whole at its end, in one line, and long lines are slow to read. */
const answer = () =>
  paced(
    ANSWER_BYTES_PER_SECOND,
    reply(Array.from({ length: MEGABYTES }, () => message(PIECE.repeat(PIECES), { chunks: PIECES }))),
  );
const BYTES_PER_SECOND = 1024;
/** With and without the slow one in turns, so that what else the machine does meets both. */
const ROUNDS = 4;
const LIMIT_MS = 120_000;

interface Run {
  /** Times from the events to the clients, in ms. */
  readonly delaysMs: readonly number[];
  /** Most that the daemon grew by, in MiB. */
  readonly grownMib: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The delays of all events that a client is sent from now on. */
function delaysOf(client: DaemonClient): number[] {
  const delays: number[] = [];
  client.raw.socket.on('message', () => {
    const { emittedAtMs } = client.raw.received.at(-1) as NotificationMessage;
    if (emittedAtMs !== undefined) delays.push(performance.timeOrigin + performance.now() - emittedAtMs);
  });
  return delays;
}

async function runWith(hasSlow: boolean): Promise<Run> {
  const scene = await startScene({ script: [answer()] });
  const observer = await scene.connect();
  const thread = await startThread(await scene.connect());
  const other = await attachThread(await scene.connect(), thread.id);
  const slow = hasSlow ? await attachSlow(scene, thread.id) : null;
  const delays = [delaysOf(thread.client), delaysOf(other.client)];
  const memory = async () => (await observer.request(daemonStatus, {})).memoryBytes;
  const before = await memory();
  const sizes: number[] = [];

  await thread.prompt('tell me a lot');
  const isOver = () => thread.turns.at(-1)?.status === 'completed' && other.seq === thread.seq;
  const sampling = setInterval(() => void memory().then((bytes) => sizes.push(bytes)), 100);
  await until('the answer is over', isOver, LIMIT_MS).finally(() => clearInterval(sampling));
  sizes.push(await memory());
  if (slow) {
    slow.way.letLoose();
    await until('the slow one has all', () => slow.thread.seq === thread.seq, LIMIT_MS);
    expect(slow.thread.snapshot).toEqual(thread.snapshot);
    expect(slow.thread.gaps).toEqual([]);
  }
  return { delaysMs: delays.flat(), grownMib: (Math.max(...sizes) - before) / 1024 / 1024 };
}

async function attachSlow(scene: Scene, threadId: string): Promise<{ way: SlowProxy; thread: ClientThread }> {
  const way = await startSlowProxy(join(scene.temp.root, 'slow.sock'), scene.daemon.socketPath, 200_000);
  onTestFinished(() => way.close());
  const thread = await attachThread(await connectClient(way.path, clientEnvironment(scene.temp)), threadId);
  way.slowDown(BYTES_PER_SECOND);
  return { way, thread };
}

test(`a client that reads 1 KB/s during an answer of ${MEGABYTES} MB costs the others nothing`, async () => {
  const rows: { readonly with: Run; readonly without: Run }[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    rows.push({ without: await runWith(false), with: await runWith(true) });
  const lines = rows.map(
    (row) =>
      `  delay ${median(row.without.delaysMs).toFixed(2)} -> ${median(row.with.delaysMs).toFixed(2)} ms` +
      `   memory +${row.without.grownMib.toFixed(0)} -> +${row.with.grownMib.toFixed(0)} MiB`,
  );
  process.stdout.write(`\nA slow client: median delay of the others, without -> with\n${lines.join('\n')}\n`);
  const overall = (of: 'with' | 'without') => median(rows.flatMap((row) => row[of].delaysMs));
  process.stdout.write(`  all rounds: x ${(overall('with') / overall('without')).toFixed(3)}\n`);
  expect(overall('with')).toBeLessThan(1.1 * overall('without'));
}, 600_000);
