import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import { resumeEvents, turnsAtRest } from '../../machines/protocol/resume-events.ts';
import { fromCollaborationMode, toCollaborationMode } from '../../machines/protocol/types/thread.ts';
import { practiceNotice } from '../model/practice/notice.ts';
import type { HandlerContext, Handlers } from '../server/register.ts';
import type { ThreadSetup } from '../threads/thread-setup.ts';
import { checkTools, declareTools, takeUpTools } from './dynamic-tools.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';
import { applyOverrides, follow, opened, serverEvents } from './open-thread.ts';
import { listThreads } from './thread-list.ts';
import { readThread } from './thread-read.ts';

/** `threadSource` of our own: the thread works on a fresh copy of the practice example. */
const EXAMPLE_SOURCE = 'example';

type ThreadMethods =
  | 'thread/start'
  | 'thread/resume'
  | 'thread/attach'
  | 'thread/list'
  | 'thread/read'
  | 'thread/name/set'
  | 'thread/unsubscribe'
  | 'thread/settings/update';

export function threadHandlers(deps: HandlerDeps): Pick<Handlers, ThreadMethods> {
  const { registry, index } = deps;
  return {
    'thread/start': (params, context) => start(deps, params, context),
    'thread/resume': (params, context) => resume(deps, params, context),
    'thread/attach': (params, context) => attach(deps, params, context),
    'thread/list': (params, { connection }) => listThreads(deps, params, connection.facts?.speaksOurs === true),
    'thread/read': (params) => readThread(deps, params),
    'thread/name/set': async ({ threadId, name }) => {
      const loaded = await registry.current(threadId);
      if (loaded) loaded.setName(name);
      else if (await index.find(threadId)) index.setName(threadId, name, new Date(deps.clock.now()));
      else throw new RpcError('threadNotFound', `thread not found: ${threadId}`);
      return {};
    },
    'thread/unsubscribe': async ({ threadId }, { connection }) => {
      if (!registry.snapshotOf(threadId)) return { status: 'notLoaded' as const };
      if (!connection.unfollow(threadId)) return { status: 'notSubscribed' as const };
      await registry.left(threadId);
      return { status: 'unsubscribed' as const };
    },
    'thread/settings/update': async ({ threadId, ...change }, { connection }) => {
      const { variables } = environmentOf(connection, deps.home);
      const thread = await registry.refresh(await registry.load(threadId, {}, variables));
      const { collaborationMode: mode, ...plain } = change;
      const given = Object.entries(plain).filter(([, value]) => value !== null && value !== undefined);
      thread.chooseSettings({ ...Object.fromEntries(given), ...(mode ? fromCollaborationMode(mode) : {}) });
      // For all by design: nobody's own choice of before outlasts it.
      const changed = { approvalPolicy: change.approvalPolicy != null, sandboxPolicy: change.sandboxPolicy != null };
      if (thread.policies.forget(changed)) deps.broadcast.presence(thread);
      return {};
    },
  };
}

async function start(
  deps: HandlerDeps,
  params: ClientParams<'thread/start'>,
  context: HandlerContext,
): Promise<ClientResult<'thread/start'>> {
  context.connection.threads.requireRoomFor(null);
  const dynamicTools = params.dynamicTools ?? [];
  checkTools(dynamicTools);
  const environment = environmentOf(context.connection, deps.home);
  const { variables } = environment;
  const cwd =
    params.threadSource === EXAMPLE_SOURCE ? await deps.copyExample(variables) : (params.cwd ?? environment.cwd);
  const { thread, setup } = await deps.registry.start({
    place: { cwd, variables },
    overrides: params,
    originator: context.connection.facts?.name ?? 'codex',
    isEphemeral: params.ephemeral === true,
    threadSource: params.threadSource ?? null,
    dynamicTools,
  });
  thread.policies.set(context.connection.tag, setup.own);
  declareTools(deps, thread, dynamicTools, context.connection);
  follow(deps, thread, 'operator', context);
  const { thread: wire } = thread.feed.snapshot;
  context.afterReply(() => thread.journal.announce({ method: 'thread/started', params: { thread: wire } }));
  const isPractice = setup.provider.isEmbedded;
  const isAsked = setup.loaded.config.model_provider !== undefined || params.modelProvider != null;
  const notices = [
    ...(isPractice ? [practiceNotice(isAsked ? 'asked' : 'nothingConfigured')] : []),
    ...setup.loaded.warnings,
    ...untrustedNotice(params, setup),
  ];
  return { ...opened(thread, context.connection), notices };
}

/** Why nothing may be changed here without a question, when nobody chose that. */
function untrustedNotice(params: ClientParams<'thread/start'>, { settings, loaded }: ThreadSetup): string[] {
  const isChosen = params.sandbox != null || loaded.config.sandbox_mode !== undefined || loaded.trust.level !== null;
  if (isChosen || settings.sandboxPolicy.type !== 'readOnly') return [];
  return [
    `This folder is not trusted yet, so commands may only read. \`codex trust\` lets them change ${loaded.trust.root}.`,
  ];
}

async function resume(
  deps: HandlerDeps,
  params: ClientParams<'thread/resume'>,
  context: HandlerContext,
): Promise<ClientResult<'thread/resume'>> {
  context.connection.threads.requireRoomFor(params.threadId);
  const { variables } = environmentOf(context.connection, deps.home);
  const thread = await deps.registry.refresh(await deps.registry.load(params.threadId, params, variables));
  // A running thread keeps its own values, as in the reference (protocol.md §6).
  if (!thread.isRunning) await applyOverrides(deps, thread, params, context.connection);
  takeUpTools(deps, thread, context.connection);
  const isPlain = context.connection.facts?.speaksOurs !== true;
  const opening = isPlain ? resumeEvents(thread.feed.snapshot) : [];
  follow(deps, thread, 'operator', context, [...opening, ...serverEvents(deps, thread, context)]);
  const isPractice = thread.settings.modelProvider === 'practice';
  const { thread: wire, ...settings } = opened(thread, context.connection);
  return {
    ...settings,
    collaborationMode: toCollaborationMode(thread.settings),
    thread: isPlain ? { ...wire, turns: turnsAtRest(thread.feed.snapshot) } : wire,
    notices: isPractice ? [practiceNotice('asked')] : [],
  };
}

/** Subscribes without a gap: what the answer holds is at `seq`, what follows comes after it (DESIGN §3). */
async function attach(
  deps: HandlerDeps,
  { threadId, afterSeq, role }: ClientParams<'thread/attach'>,
  context: HandlerContext,
): Promise<ClientResult<'thread/attach'>> {
  context.connection.threads.requireRoomFor(threadId);
  const { variables } = environmentOf(context.connection, deps.home);
  const thread = await deps.registry.refresh(await deps.registry.load(threadId, {}, variables));
  if (role !== 'observer') takeUpTools(deps, thread, context.connection);
  // A snapshot does not hold what was told of them.
  const isLate = afterSeq == null || thread.feed.after(afterSeq) === null;
  follow(deps, thread, role ?? 'operator', context, isLate ? serverEvents(deps, thread, context) : []);
  const { seq, snapshot } = thread.feed;
  const missed = afterSeq == null ? null : thread.feed.after(afterSeq);
  if (!missed) return { seq, snapshot, events: [] };
  return { seq, snapshot: null, events: missed.map(({ event, seq: at }) => ({ ...event, seq: at })) };
}
