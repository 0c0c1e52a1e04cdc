import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { connectClient } from '../support/daemon-client.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';
import { clientEnvironment } from '../support/start-daemon.ts';

const MARK = 64 * 1024;
const LINE = 'one of very many lines of an answer, all of them alike\n';
const ANSWER = LINE.repeat(Math.ceil((5 * 1024 * 1024) / LINE.length));

test.each(['msgpack', 'json'] as const)(
  'a client that reads 20 KB/s during an answer of 5 MB (%s): what waits for it is bounded, and it ends with the same',
  async (encoding) => {
    const scene = await startScene({
      script: [text(ANSWER, { chunks: 5_000 })],
      config: { tables: ['[daemon]', `slow_client_bytes = ${MARK}`] },
    });
    const proxy = await startSlowProxy(join(scene.temp.root, 'slow.sock'), scene.daemon.socketPath, 20_000);
    onTestFinished(() => proxy.close());
    const observer = await scene.connect();
    const thread = await startThread(await scene.connect());
    const slowClient = await connectClient(proxy.path, clientEnvironment(scene.temp), { encoding });
    const slow = await attachThread(slowClient, thread.id);

    const waiting: number[] = [];
    const turnId = await thread.prompt('tell me a lot');
    const ended = thread.ended(turnId);
    for (let isOver = false; !isOver; ) {
      isOver = await Promise.race([ended.then(() => true), look().then(() => false)]);
    }
    proxy.letLoose();
    await slow.waitFor('the end', () => slow.seq === thread.seq && slow.turns.at(-1)?.status === 'completed');

    async function look(): Promise<void> {
      const { clients } = await observer.request(daemonStatus, {});
      waiting.push(clients.find(({ clientId }) => clientId === slowClient.clientId)?.waitingBytes ?? 0);
    }
    expect(slow.snapshot).toEqual(thread.snapshot);
    expect(slow.gaps).toEqual([]);
    // One snapshot in the middle of the answer at most, and one of its end.
    expect(slow.events.filter(({ method }) => method === 'thread/snapshot').length).toBeLessThanOrEqual(2);
    expect(slow.events.length).toBeLessThan(1_000);
    // It lagged, and no more waited for it than the mark, one merged delta and one snapshot.
    expect(Math.max(...waiting)).toBeGreaterThan(MARK);
    expect(Math.max(...waiting)).toBeLessThan(MARK + 1.2 * ANSWER.length);
  },
  60_000,
);
