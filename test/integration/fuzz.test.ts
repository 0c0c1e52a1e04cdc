import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROTOCOL, VERSION } from '../../machines/core/version.ts';
import { decode, type Encoding, encode } from '../../machines/protocol/frames.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { startThread } from '../support/client-turns.ts';
import type { RawSocket } from '../support/daemon-client.ts';
import { HostileFrames } from '../support/hostile-frames.ts';
import { type Scene, startScene } from '../support/scene.ts';
import { seeded, seedOfRun } from '../support/seeded.ts';
import { until, withLimit } from '../support/start-daemon.ts';

/** A long run: `CODEX_FUZZ_FRAMES=1000000 npx vitest run test/integration/fuzz.test.ts`. */
const FRAMES = Number(process.env.CODEX_FUZZ_FRAMES ?? 20_000);
/** Looks for faults that the daemon answered as internal, too; the usual run only says how many there were. */
const IS_LONG = process.env.CODEX_FUZZ_FRAMES !== undefined;
/** Fewer than a connection may have under way. */
const BATCH = 60;
const ANSWER_LIMIT_MS = 60_000;
const MIB = 1024 * 1024;
const TAKING: ReadonlySet<string> = new Set(['thread/archived', 'thread/deleted', 'thread/reverted']);

const hello = {
  id: 'hello',
  method: 'initialize',
  params: {
    clientInfo: { name: 'fuzz', version: VERSION },
    capabilities: {
      experimentalApi: true,
      extensions: { codexDaemon: { protocol: PROTOCOL, build: VERSION, pid: 1 } },
    },
  },
};

/** Waits until a call is answered, or the connection closed. */
function answerTo(raw: RawSocket, id: string): Promise<void> {
  return new Promise((resolve) => {
    void raw.closed.then(() => resolve());
    raw.socket.on('message', function look(data, isBinary) {
      const value = decode(isBinary ? (data as Buffer) : String(data)) as { readonly id?: unknown };
      if (value.id !== id) return;
      raw.socket.off('message', look);
      resolve();
    });
  });
}

/** Sends hostile frames, over one connection after the other, until it has sent `count`. */
async function attack(scene: Scene, encoding: Encoding, count: number, frames: HostileFrames): Promise<void> {
  for (let sent = 0; sent < count; ) {
    const raw = await scene.daemon.raw(encoding);
    raw.socket.on('error', () => {});
    raw.socket.send(encode(hello, encoding));
    for (let probe = 0; raw.socket.readyState === raw.socket.OPEN && sent < count; probe += 1) {
      let isLast = false;
      for (let at = 0; at < BATCH && !isLast; at += 1) {
        const { frame, mayClose } = frames.next(encoding);
        raw.socket.send(frame, { binary: typeof frame !== 'string' });
        sent += 1;
        isLast = mayClose;
      }
      const id = `probe-${probe}`;
      const answered = answerTo(raw, id);
      raw.socket.send(encode({ id, method: 'modelProvider/list', params: {} }, encoding));
      await withLimit(answered, ANSWER_LIMIT_MS, 'an answer, or the end of the connection');
      // The values that came are of no interest, and many.
      (raw.received as unknown[]).length = 0;
    }
    raw.socket.terminate();
  }
}

const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

test.skipIf(process.platform !== 'linux')(
  `${FRAMES} hostile frames in both encodings: no crash, no fault of its own, nothing kept`,
  async () => {
    const random = seeded(seedOfRun());
    const scene = await startScene({
      config: {
        tables: ['[daemon]', 'unload_after_seconds = 1', 'max_subscriptions = 4', 'max_frame_bytes = 1048576'],
      },
    });
    const bystander = await scene.connect();
    const thread = await startThread(bystander);
    const frames = new HostileFrames(random, { threadId: [thread.id], cwd: [scene.temp.workspace] });
    const attackAll = (count: number) =>
      Promise.all(
        (['msgpack', 'json', 'msgpack', 'json'] as const).map((encoding) => attack(scene, encoding, count / 4, frames)),
      );
    const status = () => bystander.request(daemonStatus, {});
    const isSettled = async () => {
      const { clients, threads } = await status();
      return clients.length === 1 && threads.loaded <= 1;
    };
    const settle = async () => {
      const giveUpAtMs = Date.now() + 60_000;
      while (!(await isSettled())) {
        if (Date.now() > giveUpAtMs) throw new Error(`connections or threads stay: ${JSON.stringify(await status())}`);
      }
    };

    // The first tenth warms up what stays anyway: code, tables, buffers.
    await attackAll(FRAMES / 10);
    await settle();
    const [memory, handles] = [(await status()).memoryBytes, handlesOf(scene.daemon.pid)];
    const startedAtMs = Date.now();
    await attackAll((FRAMES * 9) / 10);
    await settle();

    const after = await status();
    const grown = (after.memoryBytes - memory) / MIB;
    const seconds = (Date.now() - startedAtMs) / 1000;
    process.stdout.write(
      `\n${FRAMES} frames, ${seconds.toFixed(0)} s, memory ${(memory / MIB).toFixed(0)} MiB and ${grown.toFixed(0)} more\n`,
    );
    expect(after.pid).toBe(scene.daemon.pid);
    await until('its handles are closed', () => handlesOf(scene.daemon.pid) <= handles + 4);
    expect(grown).toBeLessThan(250);
    const faults = scene.daemon
      .log()
      .split('\n')
      .filter((line) => line.includes('"level":"error"') || line.includes('"level":50'));
    if (IS_LONG) expect([...new Set(faults)].slice(0, 10)).toEqual([]);
    else if (faults.length > 0) process.stdout.write(`faults that were answered as internal: ${faults.length}\n`);
    // A good frame among them may have put the thread away; then the bystander follows it no more.
    const isTaken = bystander.notifications.some(
      ({ method, params }) => TAKING.has(method) && (params as { readonly threadId: string }).threadId === thread.id,
    );
    if (!isTaken) expect(thread.gaps).toEqual([]);
  },
  Math.max(60_000, FRAMES * 20),
);
