import { dividePolicy, withOwnPolicy } from '../../machines/policy/own-policy.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { Presence } from '../../machines/protocol/types/thread.ts';
import type { Connection } from '../server/connection.ts';
import type { HandlerContext } from '../server/register.ts';
import type { Thread } from '../threads/thread.ts';
import { setUpThread, type ThreadOverrides } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

/** Everything up to here belongs to the answer; later events are sent after it. */
export function follow(
  deps: HandlerDeps,
  thread: Thread,
  role: Presence['role'],
  context: HandlerContext,
  opening: readonly ThreadNotification[] = [],
): void {
  const { begin } = context.connection.follow(thread, role, opening);
  deps.registry.retain(thread.id);
  deps.broadcast.presence(thread);
  const { seq } = thread.feed;
  context.afterReply(() => begin(seq));
}

/** How the MCP servers of a thread stand, for a client that was not there when it was told. */
export function serverEvents(
  { mcp }: HandlerDeps,
  { id: threadId }: Thread,
  { connection }: HandlerContext,
): ThreadNotification[] {
  if (!mcp.has(threadId) || connection.threads.has(threadId)) return [];
  const method = 'mcpServer/startupStatus/updated' as const;
  return mcp.of(threadId).notices.map((notice) => ({ method, params: { threadId, ...notice } }));
}

/** What a thread runs with, as its client's own turns will: the answer of start, resume and fork. */
export function opened(thread: Thread, { tag }: Connection) {
  const { thread: wire } = thread.feed.snapshot;
  const settings = withOwnPolicy(thread.settings, thread.policies.of(tag));
  return {
    thread: wire,
    model: settings.model,
    modelProvider: settings.modelProvider,
    cwd: settings.cwd,
    approvalPolicy: settings.approvalPolicy,
    approvalsReviewer: 'user' as const,
    sandbox: settings.sandboxPolicy,
    reasoningEffort: settings.effort,
  };
}

/**
 * Sandbox and approval are not remembered: what is given now and the configuration of now decide (agent.md §11). Where
 * others are attached nothing becomes looser for them.
 */
export async function applyOverrides(
  deps: HandlerDeps,
  thread: Thread,
  overrides: ThreadOverrides,
  connection: Connection,
): Promise<void> {
  const { variables } = environmentOf(connection, deps.home);
  const place = { cwd: overrides.cwd ?? thread.settings.cwd, variables };
  const asked = overrides.modelProvider ?? (overrides.config?.model_provider ? null : thread.settings.modelProvider);
  const setup = await setUpThread(deps.home, place, { ...overrides, modelProvider: asked }, deps.chooseProvider);
  const wanted = withOwnPolicy(setup.settings, setup.own);
  const isShared = deps.broadcast.followersOf(thread.id).some((other) => other !== connection);
  const { shared, own } = isShared ? dividePolicy(thread.settings, wanted) : { shared: setup.settings, own: setup.own };
  thread.overrides = overrides;
  thread.policies.set(connection.tag, own);
  thread.updateSettings({
    ...setup.settings,
    mode: thread.settings.mode,
    modeInstructions: thread.settings.modeInstructions,
    approvalPolicy: shared.approvalPolicy,
    sandboxPolicy: shared.sandboxPolicy,
  });
}
