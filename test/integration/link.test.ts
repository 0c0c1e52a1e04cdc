import { describe, expect, onTestFinished, test } from 'vitest';
import { connectDaemon } from '../../client/connection/connect.ts';
import { openLink } from '../../client/connection/daemon-link.ts';
import { resolveHome } from '../../client/connection/home.ts';
import type { DaemonLink, ThreadUpdate } from '../../client/connection/link.ts';
import { VERSION } from '../../machines/core/version.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { threadList, threadStart } from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { attachThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';
import { clientEnvironment, daemonEntry, until } from '../support/start-daemon.ts';

/** The link that our own clients use, to the scene's daemon. */
async function linkTo({ temp }: Scene): Promise<DaemonLink> {
  const environment = clientEnvironment(temp);
  const env = { ...environment.variables, CODEX_HOME: temp.home };
  const facts = { name: 'codex-tui', version: VERSION, pid: process.pid, terminal: null, environment };
  const options = { home: resolveHome(env), daemonEntry, env, name: 'codex-tui', facts, notice: () => {} };
  const link = await openLink({
    connect: (events) => connectDaemon({ ...options, autostart: false }, events),
    autostart: false,
    giveUpAfterMs: Number.POSITIVE_INFINITY,
  });
  onTestFinished(() => link.close());
  return link;
}

/** Starts a thread and follows it; the updates are gathered. */
async function followed(link: DaemonLink) {
  const { thread } = await link.request(threadStart, { sandbox: 'danger-full-access', approvalPolicy: 'never' });
  const updates: ThreadUpdate[] = [];
  const following = await link.follow(thread.id, { role: 'operator', onUpdate: (update) => updates.push(update) });
  const prompt = (said: string) =>
    link.request(turnStart, { threadId: thread.id, input: [{ type: 'text', text: said }], clientUserMessageId: said });
  return { id: thread.id, updates, following, prompt };
}

const texts = ({ thread }: ThreadSnapshot): string[] =>
  thread.turns.flatMap((turn) => turn.items.flatMap((item) => (item.type === 'agentMessage' ? [item.text] : [])));
const isIdle = ({ thread }: ThreadSnapshot): boolean => thread.status.type === 'idle' && thread.turns.length > 0;

describe('the link of our own clients', () => {
  test('follows a thread to the state that the daemon has', async () => {
    const scene = await startScene({ script: [text('Hello there', { chunks: 5 })] });
    const link = await linkTo(scene);
    const { id, following, updates, prompt } = await followed(link);

    await prompt('hi');
    await until('the turn has ended', () => updates.some(({ kind, ...u }) => kind === 'event' && isIdle(u.snapshot)));
    await until('its end came', () => following.current.thread.turns.at(-1)?.status === 'completed');

    const late = await attachThread(await scene.connect(), id);
    expect(following.current.thread.turns).toEqual(late.turns);
    const seqs = updates.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  test('comes back by itself after the daemon was killed in mid-answer, and goes on with the thread', async () => {
    const scene = await startScene({ script: [text('half an answer', { chunks: 2, gate: 'step' }), text('whole')] });
    const link = await linkTo(scene);
    const { following, prompt } = await followed(link);
    await prompt('first');
    scene.openai.gate('step').release();
    await until('half of it came', () => texts(following.current).join('') === 'half an');

    await scene.daemon.kill9();
    await until('the loss is told', () => link.state.kind === 'reconnecting');
    await scene.start();
    await until('it is back', () => link.state.kind === 'connected');
    await until(
      'the thread is as the daemon has it',
      () => following.current.thread.turns[0]?.status === 'interrupted',
    );

    await prompt('second');
    await until('the second turn has ended', () => following.current.thread.turns[1]?.status === 'completed');
    expect(texts(following.current).at(-1)).toBe('whole');
    expect((await link.request(threadList, {})).data).toHaveLength(1);
  });

  test('waits with a call that may be repeated until the daemon is back', async () => {
    const scene = await startScene();
    const link = await linkTo(scene);
    await scene.daemon.stop();
    await until('the loss is told', () => link.state.kind === 'reconnecting');

    const status = link.request(daemonStatus, {});
    await scene.start();

    expect((await status).pid).toBe(scene.daemon.pid);
  });

  test('of a slow reader costs nobody else anything, and ends in the same state', async () => {
    const words = Array.from({ length: 4_000 }, (_, at) => `word ${at} ${'.'.repeat(500)}`).join(' ');
    const scene = await startScene({ script: [text(words, { chunks: 8_000 })] });
    const link = await linkTo(scene);
    const { id, following, prompt } = await followed(link);
    const slow = await attachThread(await scene.connect(), id);
    slow.client.raw.socket.pause();

    await prompt('go');
    await until('the quick one has all', () => following.current.thread.turns.at(-1)?.status === 'completed');
    slow.client.raw.socket.resume();
    await slow.waitFor('the slow one too', () => slow.turns.at(-1)?.status === 'completed');

    expect(slow.turns).toEqual(following.current.thread.turns);
    expect(slow.gaps).toEqual([]);
    expect(texts(following.current)).toEqual([words]);
  });
});
