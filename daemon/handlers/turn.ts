import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams } from '../../machines/protocol/index.ts';
import { loadImages } from '../files/load-images.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import type { PromptRequest } from '../threads/prompt-desk.ts';
import type { Thread } from '../threads/thread.ts';
import { forgetDraft } from './forget-draft.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type TurnMethods = 'turn/start' | 'turn/steer' | 'turn/interrupt' | 'turn/settings/update';

export function turnHandlers(deps: HandlerDeps): Pick<Handlers, TurnMethods> {
  return {
    'turn/start': async (params, { connection, afterReply }) => {
      const thread = await loaded(deps, params.threadId, connection);
      const images = await loadImages(params.input);
      const { turn, queued, begin } = thread.prompts.submit(toPrompt(deps, connection, params), images);
      forgetDraft(deps, params.threadId, connection);
      afterReply(begin);
      return { turn, queued };
    },
    'turn/steer': async (params, { connection, afterReply }) => {
      const thread = await loaded(deps, params.threadId, connection);
      const images = await loadImages(params.input);
      const prompt = toPrompt(deps, connection, params);
      const { turnId, begin } = thread.prompts.steer(params.expectedTurnId, prompt, images);
      forgetDraft(deps, params.threadId, connection);
      afterReply(begin);
      return { turnId };
    },
    'turn/interrupt': async ({ threadId, turnId }, { connection, afterReply }) => {
      const thread = await loaded(deps, threadId, connection);
      afterReply(thread.interrupt(turnId ?? null, connection.tag));
      return {};
    },
    'turn/settings/update': async ({ threadId, turnId, ...change }, { connection }) => {
      const thread = await loaded(deps, threadId, connection);
      return { status: thread.changeRun(turnId, change) ? ('applied' as const) : ('targetUnavailable' as const) };
    },
  };
}

/** A loaded thread, by the reference's words when there is none. @throws RpcError threadNotFound */
export async function loaded(
  { registry, home }: HandlerDeps,
  threadId: string,
  connection: Connection,
): Promise<Thread> {
  const { variables } = environmentOf(connection, home);
  try {
    const thread = await registry.refresh(await registry.load(threadId, {}, variables));
    registry.retain(threadId);
    return thread;
  } catch (error) {
    if (!(error instanceof RpcError) || error.errorName !== 'threadNotFound') throw error;
    throw new RpcError('threadNotFound', `thread not found: ${threadId}`, { data: error.data });
  }
}

function toPrompt(
  { home }: HandlerDeps,
  connection: Connection,
  params: ClientParams<'turn/start'> | ClientParams<'turn/steer'>,
): PromptRequest {
  const started = 'expectedTurnId' in params ? null : params;
  return {
    promptId: params.clientUserMessageId ?? null,
    input: params.input,
    sentBy: connection.tag,
    environment: environmentOf(connection, home),
    overrides: {
      cwd: started?.cwd,
      model: started?.model,
      effort: started?.effort,
      approvalPolicy: started?.approvalPolicy,
      sandboxPolicy: started?.sandboxPolicy,
      collaborationMode: started?.collaborationMode,
    },
    outputSchema: started?.outputSchema,
    whenBusy: started?.whenBusy ?? 'steer',
    metadata: null,
  };
}
