import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Connection, openConnection } from '../../client/connection/connection.ts';
import { openLink } from '../../client/connection/daemon-link.ts';
import type { DaemonLink, FollowedThread, ThreadUpdate } from '../../client/connection/link.ts';
import { VERSION } from '../../machines/core/version.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { threadStart } from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { attachThread } from '../support/client-turns.ts';
import { type Cut, startCuttingProxy } from '../support/cutting-proxy.ts';
import { call, message, type RecordedRequest, reasoning, reply, type Step, text } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';
import { type Random, seeded, seedOfRun, skewed } from '../support/seeded.ts';
import { clientEnvironment, until } from '../support/start-daemon.ts';

const CUTS = 200;
const RESTARTS = 5;
/** For one step of it, on a machine that is busy with other things. */
const LIMIT_MS = 60_000;
/** About what a turn adds to a snapshot. */
const BYTES_OF_TURN = 1_800;

/** An answer with thoughts, a command and many pieces. */
function answer({ body }: RecordedRequest): Step {
  if (body.input.at(-1)?.type === 'function_call_output')
    return text('And that is all there is to say. ', { chunks: 8 });
  return reply([
    reasoning('Let me think about it for a while', { chunks: 12 }),
    message('A piece of the answer, then another one, and so on. '.repeat(8), { chunks: 80 }),
    call('exec_command', { cmd: 'echo one; echo two', login: false }, { callId: `call-${body.input.length}` }),
  ]);
}

/** One of our own clients behind a way that breaks; it writes down what its follower was told. */
class CutClient {
  /** What should not have come: a number twice, one too many, one less. Empty in a good run. */
  readonly faults: string[] = [];
  readonly lives = new Set<string>();
  encoding = '';
  updates = 0;
  snapshots = 0;
  private seq = -1;
  private readonly firstOf = new Map<number, number>();
  private link: DaemonLink | null = null;
  private following: FollowedThread | null = null;

  constructor(
    private readonly socketPath: string,
    private readonly scene: Scene,
    /** The same number means the same state, whoever says it: `seq` to state. */
    private readonly states: Map<number, string>,
  ) {}

  get state(): readonly [number, ThreadSnapshot | null] {
    return [this.seq, this.following?.current ?? null];
  }

  async follow(threadId: string): Promise<void> {
    this.link = await this.open();
    this.following = await this.link.follow(threadId, { role: 'operator', onUpdate: (update) => this.take(update) });
  }

  get calls(): DaemonLink {
    if (!this.link) throw new Error('it has not connected yet');
    return this.link;
  }

  private async open(): Promise<DaemonLink> {
    const connect = async (): Promise<DaemonLink> =>
      openLink({
        connect: (events) => this.connect(events),
        autostart: false,
        giveUpAfterMs: Number.POSITIVE_INFINITY,
      });
    // The first connection is not mended by the link, and may be cut as well.
    const link = await connect().catch(() => this.open());
    onTestFinished(() => link.close());
    return link;
  }

  private async connect({
    notified,
    closed,
  }: Parameters<Parameters<typeof openLink>[0]['connect']>[0]): Promise<Connection> {
    const connection = await openConnection({
      place: { kind: 'unix', path: this.socketPath },
      name: 'codex-test',
      facts: {
        name: 'codex-test',
        version: VERSION,
        pid: process.pid,
        terminal: null,
        environment: clientEnvironment(this.scene.temp),
      },
      events: {
        notified: (event) => {
          this.note(event);
          notified(event);
        },
        closed,
      },
    });
    this.encoding = connection.encoding;
    this.lives.add(connection.hello.daemon?.instanceId ?? '');
    return connection;
  }

  private note({ seq, firstSeq }: NotificationMessage): void {
    if (seq !== undefined && firstSeq !== undefined) this.firstOf.set(seq, firstSeq);
  }

  private take(update: ThreadUpdate): void {
    const { kind, seq, snapshot } = update;
    const first = this.firstOf.get(seq) ?? seq;
    this.updates += 1;
    if (kind === 'snapshot') this.snapshots += 1;
    if (kind === 'event' && first !== this.seq + 1)
      this.faults.push(`${update.event.method} ${first} after ${this.seq}`);
    if (kind === 'snapshot' && seq < this.seq) this.faults.push(`a snapshot at ${seq} after ${this.seq}`);
    this.seq = seq;
    if (seq % 8 !== 0) return;
    const state = JSON.stringify(snapshot);
    if ((this.states.get(seq) ?? state) !== state) this.faults.push(`another state than the others have at ${seq}`);
    this.states.set(seq, state);
  }
}

/** Sends one prompt after the other, each until its turn is over, whatever breaks meanwhile. */
async function keepPrompting(
  link: DaemonLink,
  threadId: string,
  isOver: () => boolean,
  mayGoOn: () => Promise<void>,
): Promise<number> {
  let state: ThreadSnapshot | null = null;
  const following = await link.follow(threadId, {
    role: 'operator',
    onUpdate: ({ snapshot }) => {
      state = snapshot;
    },
  });
  const current = (): ThreadSnapshot => state ?? following.current;
  let count = 0;
  while (!isOver()) {
    await mayGoOn();
    count += 1;
    const clientUserMessageId = `prompt-${count}`;
    const send = () =>
      link.request(turnStart, {
        threadId,
        clientUserMessageId,
        input: [{ type: 'text', text: `Prompt ${count}` }],
        approvalPolicy: 'never',
        sandboxPolicy: { type: 'dangerFullAccess' },
      });
    await send();
    const isLost = () =>
      current().queue.some(({ promptId, waitsFor }) => promptId === clientUserMessageId && waitsFor !== null);
    const isDone = () =>
      current().thread.turns.some((turn) => turn.status !== 'inProgress' && hasPrompt(turn, clientUserMessageId));
    await until('the turn is over', () => isDone() || isLost(), LIMIT_MS);
    if (isLost()) count -= 1;
  }
  return count;
}

/** Ends the daemon and starts the next one, again and again: killed, then asked, in turns. */
async function restartAt(scene: Scene, passed: (share: number) => Promise<void>): Promise<void> {
  for (let restart = 1; restart <= RESTARTS; restart += 1) {
    await passed(restart / (RESTARTS + 1));
    if (restart % 2 === 1) await scene.daemon.kill9();
    else await scene.daemon.stop();
    await scene.start();
  }
}

const hasPrompt = ({ items }: ThreadSnapshot['thread']['turns'][number], id: string): boolean =>
  items.some((item) => item.type === 'userMessage' && item.clientId === id);

/** Some within the handshake, one way or the other, some in a snapshot of `bytes`, most in the stream behind it. */
function randomCut(random: Random, bytes: number): Cut {
  const [place, longest] = [random(), random() < 0.3 ? 2 * bytes : 0];
  return {
    toDaemon: random() < 0.1 ? skewed(random, 1, 2_000) : Number.POSITIVE_INFINITY,
    toClient: place < 0.15 ? skewed(random, 1, 3_000) : skewed(random, 3_000, 40_000 + longest),
  };
}

test(
  `four clients that are cut ${CUTS} times, and a daemon that ends ${RESTARTS} times: no gap, no double, one state`,
  async () => {
    const random = seeded(seedOfRun());
    const scene = await startScene({ script: answer });
    const states = new Map<number, string>();
    let cuts = 0;
    const driver = new CutClient(scene.daemon.socketPath, scene, states);
    const clients: CutClient[] = [];
    for (const at of [0, 1, 2, 3]) {
      const path = join(scene.temp.root, `way-${at}.sock`);
      const proxy = await startCuttingProxy({
        path,
        target: scene.daemon.socketPath,
        isJsonOnly: at % 2 === 1,
        nextCut: () =>
          cuts < CUTS ? randomCut(random, (driver.state[1]?.thread.turns.length ?? 0) * BYTES_OF_TURN) : null,
        onCut: () => {
          cuts += 1;
        },
      });
      onTestFinished(() => proxy.close());
      clients.push(new CutClient(path, scene, states));
    }
    const starter = await scene.connect();
    const { thread } = await starter.request(threadStart, { sandbox: 'danger-full-access', approvalPolicy: 'never' });
    await Promise.all(clients.map((client) => client.follow(thread.id)));
    await driver.follow(thread.id);

    const isThere = ({ calls }: CutClient) => calls.state.kind === 'connected';
    const [prompts] = await Promise.all([
      keepPrompting(
        driver.calls,
        thread.id,
        () => cuts >= CUTS,
        () => until('a client is there', () => clients.some(isThere), LIMIT_MS),
      ),
      restartAt(scene, async (share) => until(`${cuts} cuts`, () => cuts >= CUTS * share, LIMIT_MS)),
    ]);
    const fresh = await attachThread(await scene.connect(), thread.id, 'observer');
    await until('all are there', () => clients.every(({ state: [seq] }) => seq === fresh.seq), LIMIT_MS);

    expect(clients.map(({ faults }) => faults)).toEqual([[], [], [], []]);
    for (const { state } of clients) expect(state).toEqual([fresh.seq, fresh.snapshot]);
    expect(fresh.gaps).toEqual([]);
    expect(clients.map(({ encoding }) => encoding)).toEqual(['msgpack', 'json', 'msgpack', 'json']);
    expect(fresh.itemsOf('userMessage')).toHaveLength(prompts);
    expect(cuts).toBeGreaterThanOrEqual(CUTS);
  },
  2 * LIMIT_MS,
);
