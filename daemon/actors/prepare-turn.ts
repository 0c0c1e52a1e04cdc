import { fromPromise } from 'xstate';
import { type AuthServer, authServerOf } from '../../machines/auth/auth-server.ts';
import { BASE_INSTRUCTIONS } from '../../machines/context/base-instructions.ts';
import { messageOf } from '../../machines/core/errors.ts';
import { proxySettingsOf } from '../../machines/core/proxy.ts';
import { findModel } from '../../machines/model/models.ts';
import { dividePolicy, withOwnPolicy } from '../../machines/policy/own-policy.ts';
import { fromCollaborationMode } from '../../machines/protocol/types/thread.ts';
import { REVIEW_INSTRUCTIONS } from '../../machines/review/review-prompt.ts';
import type { PreparedTurn, TurnPrompt, TurnTask } from '../../machines/thread/turn.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { createModelClient } from '../model/openai-client.ts';
import type { ModelAuth } from '../model/request-headers.ts';
import { proxiedFetch } from '../proxied-fetch.ts';
import type { Thread } from '../threads/thread.ts';
import { setUpThread } from '../threads/thread-setup.ts';
import type { SubmittedPrompt, TurnRun } from '../threads/turn-run.ts';
import { contextFacts } from './context-facts.ts';
import { recordStart } from './record-start.ts';
import { isFull } from './record-usage.ts';
import { openTurn } from './turn-opening.ts';

/**
 * Sets a turn up: configuration, provider and model; then the prompt goes into the log and to the followers. Also when
 * the set-up fails, so that a person sees what was asked beside the reason.
 */
export function createPrepareTurn(thread: Thread) {
  return fromPromise<PreparedTurn, TurnPrompt>(async ({ input: { promptId, turnId }, signal }) => {
    const prompt = thread.prompts.take(promptId);
    let run: TurnRun | null = null;
    let failure: unknown = null;
    try {
      run = await setUpRun(thread, prompt);
    } catch (error) {
      failure = error;
    }
    const facts = run ? await contextFacts(thread, run) : null;
    const opening = await openTurn(thread, prompt, run?.settings.cwd ?? thread.settings.cwd, facts?.skills ?? []);
    // Stopped meanwhile: nothing of this turn may be told after its end.
    signal.throwIfAborted();
    thread.run = run ? { ...run, facts } : null;
    recordStart(thread, { prompt, run: thread.run, facts, opening });
    if (!run) throw new Error(messageOf(failure), { cause: failure });
    warnOfUnknownModel(thread, turnId, run);
    // The prompt is shown already: a server that starts slowly holds up the model, not the person.
    if (taskOf(prompt) === 'answer') await run.mcp.whenUsable(signal);
    return toPrepared(thread, run);
  });
}

/** What the turn's machine has to know of it. */
export function toPrepared(thread: Thread, run: TurnRun): PreparedTurn {
  return {
    task: taskOf(run.prompt),
    isFull: !run.review && isFull(run, thread.usage?.last.totalTokens ?? 0),
    approvalPolicy: run.settings.approvalPolicy,
    streamMaxRetries: run.provider.streamMaxRetries,
  };
}

function taskOf({ task }: SubmittedPrompt): TurnTask {
  return task?.kind === 'compact' || task?.kind === 'userCommand' ? task.kind : 'answer';
}

/** Configuration, provider and model of a turn. @throws RpcError as setUpThread does */
export async function setUpRun(thread: Thread, prompt: SubmittedPrompt): Promise<TurnRun> {
  const { deps } = thread;
  const { overrides } = prompt;
  const base = thread.settings;
  const cwd = overrides.cwd ?? base.cwd;
  const { provider, loaded } = await setUpThread(
    deps.home,
    { cwd, variables: prompt.environment.variables },
    { ...thread.overrides, modelProvider: base.modelProvider, cwd },
    deps.chooseProvider,
  );
  const { shared, own } = dividePolicy(base, {
    approvalPolicy: overrides.approvalPolicy ?? base.approvalPolicy,
    sandboxPolicy: overrides.sandboxPolicy ?? base.sandboxPolicy,
  });
  thread.updateSettings({
    cwd,
    model: overrides.model ?? base.model,
    effort: overrides.effort ?? base.effort,
    ...(overrides.collaborationMode ? fromCollaborationMode(overrides.collaborationMode) : {}),
    ...shared,
  });
  const settings = withOwnPolicy(thread.settings, own);
  const review = prompt.task?.kind === 'review' ? prompt.task.target : null;
  const { variables } = prompt.environment;
  const fetch = provider.isEmbedded ? await deps.practiceFetch() : proxiedFetch(proxySettingsOf(variables));
  return {
    threadId: thread.id,
    turnId: prompt.turnId,
    prompt,
    // A reviewer asks nobody.
    settings: review ? { ...settings, approvalPolicy: 'never' } : settings,
    sandboxPolicy: settings.sandboxPolicy,
    model: findModel(settings.model),
    provider,
    loaded,
    instructions: review ? REVIEW_INSTRUCTIONS : thread.baseInstructions || BASE_INSTRUCTIONS,
    history: review ? [] : thread.history,
    goals: thread.goals,
    review,
    facts: null,
    client: createModelClient({
      provider,
      getAuth: () => modelAuth(thread, prompt),
      recoverAuth: (rejected) => recoveredAuth(thread, prompt, rejected),
      env: variables,
      clock: deps.clock,
      random: deps.random,
      userAgent: deps.userAgent,
      originator: originatorOf(prompt.sentBy),
      fetch,
      onAnswer: deps.noteLimits,
    }),
    startedAtMs: deps.clock.now(),
    tools: deps.tools,
    dynamicTools: deps.dynamicTools,
    mcp: openServers(thread, prompt, loaded, cwd),
    grants: thread.policies.grantsOf(prompt),
    changedFiles: new Map(),
    patchLock: { tail: Promise.resolve() },
  };
}

/** The thread's MCP servers, in the environment of the client that sent the prompt; a thread kept apart has none. */
function openServers(thread: Thread, { environment }: SubmittedPrompt, { config }: LoadedConfig, cwd: string) {
  const servers = thread.deps.mcp.of(thread.id);
  servers.open(thread.isKeptApart ? { ...config, mcp_servers: {} } : config, { ...environment, cwd });
  servers.need();
  return servers;
}

/** `CODEX_API_KEY` of the client's environment is a key for `codex exec` alone (agent.md §2.3); else the stored sign-in. */
async function modelAuth({ deps }: Thread, prompt: SubmittedPrompt): Promise<ModelAuth> {
  const token = keyOf(prompt);
  return token === null ? deps.getAuth(serverOf(deps, prompt)) : { kind: 'bearer', token, accountId: null };
}

/** After a 401. A key of the environment cannot be renewed. */
async function recoveredAuth(
  { deps }: Thread,
  prompt: SubmittedPrompt,
  rejected: ModelAuth,
): Promise<ModelAuth | null> {
  return keyOf(prompt) === null ? deps.recoverAuth(rejected, serverOf(deps, prompt)) : null;
}

function keyOf({ sentBy, environment }: SubmittedPrompt): string | null {
  return sentBy?.name === 'codex-exec' ? environment.variables.CODEX_API_KEY?.trim() || null : null;
}

/** Tokens are renewed where the environment of the turn's client says (auth.md §2). */
function serverOf({ userAgent }: Thread['deps'], { sentBy, environment }: SubmittedPrompt): AuthServer {
  return authServerOf({ variables: environment.variables, originator: originatorOf(sentBy), userAgent });
}

const originatorOf = (sentBy: SubmittedPrompt['sentBy']): string =>
  sentBy?.name === 'codex-exec' ? 'codex_exec' : 'codex_cli_rs';

function warnOfUnknownModel(thread: Thread, turnId: string, { model }: TurnRun): void {
  if (model.isKnown || thread.feed.snapshot.thread.turns[0]?.id !== turnId) return;
  const message = `Nothing is known about the model ${model.slug}; it is used with cautious settings.`;
  thread.journal.announce({ method: 'warning', params: { threadId: thread.id, message } });
}
