import { RpcError } from '../../machines/core/errors.ts';
import type { QueuedSubmission } from '../../machines/protocol/methods/thread-queue.ts';
import type { UserInput } from '../../machines/protocol/types/item.ts';
import type { QueuedPrompt } from '../../machines/protocol/types/thread.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import type { PromptRequest } from '../threads/prompt-desk.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';
import { loaded } from './turn.ts';

type QueueMethods =
  | 'thread/queue/add'
  | 'thread/queue/list'
  | 'thread/queue/update'
  | 'thread/queue/delete'
  | 'thread/queue/reorder'
  | 'thread/queue/start';

const DEFAULT_LIMIT = 100;

/** The line of prompts of a thread (protocol.md §9.3). A prompt's id is the one that its client made. */
export function threadQueueHandlers(deps: HandlerDeps): Pick<Handlers, QueueMethods> {
  const open = (threadId: string, connection: Connection) => loaded(deps, threadId, connection);
  return {
    'thread/queue/add': async (params, { connection, afterReply }) => {
      const thread = await open(params.threadId, connection);
      const { clientUserMessageId: promptId, responsesapiClientMetadata: metadata = null, input } = params;
      const request = { ...requestOf(deps, connection, input), promptId, metadata };
      const { begin } = thread.prompts.enqueue(request);
      afterReply(begin);
      const queued = thread.line.all.find((known) => known.promptId === promptId);
      return { queuedSubmission: queued ? toSubmission(queued) : notInLine(request) };
    },
    'thread/queue/list': async ({ threadId, cursor, limit }, { connection }) => {
      const thread = await open(threadId, connection);
      const start = parseCursor(cursor ?? null);
      const end = start + (limit ?? DEFAULT_LIMIT);
      const { queue, queueHeld } = thread.feed.snapshot;
      deps.registry.release(threadId);
      return {
        data: queue.slice(start, end).map(toSubmission),
        nextCursor: end < queue.length ? String(end) : null,
        held: queueHeld,
      };
    },
    'thread/queue/update': async (params, { connection }) => {
      const thread = await open(params.threadId, connection);
      const { queuedSubmissionId, input, responsesapiClientMetadata: metadata = null } = params;
      const prompt = thread.line.edit(queuedSubmissionId, { input, metadata, by: connection.tag });
      deps.registry.release(params.threadId);
      return { queuedSubmission: toSubmission(prompt) };
    },
    'thread/queue/delete': async ({ threadId, queuedSubmissionId }, { connection }) => {
      const thread = await open(threadId, connection);
      const deleted = thread.line.withdraw(queuedSubmissionId);
      deps.registry.release(threadId);
      return { deleted };
    },
    'thread/queue/reorder': async ({ threadId, queuedSubmissionIds }, { connection }) => {
      const thread = await open(threadId, connection);
      thread.line.reorder(queuedSubmissionIds);
      deps.registry.release(threadId);
      return {};
    },
    'thread/queue/start': async ({ threadId, queuedSubmissionId }, { connection, afterReply }) => {
      const thread = await open(threadId, connection);
      const { turn, begin } = thread.line.start(queuedSubmissionId ?? null, requestOf(deps, connection, []));
      afterReply(begin);
      return { turn };
    },
  };
}

function requestOf({ home }: HandlerDeps, connection: Connection, input: readonly UserInput[]): PromptRequest {
  return {
    promptId: null,
    input,
    sentBy: connection.tag,
    environment: environmentOf(connection, home),
    overrides: {},
    outputSchema: undefined,
    whenBusy: 'queue',
    metadata: null,
  };
}

function toSubmission(prompt: QueuedPrompt): QueuedSubmission {
  const { promptId, input, responsesapiClientMetadata = null, sentBy, editedBy = null, queuedAtMs, waitsFor } = prompt;
  const ours = { sentBy, editedBy, queuedAtMs, waitsFor };
  return { id: promptId, clientUserMessageId: promptId, input, responsesapiClientMetadata, ...ours };
}

/** One that an idle thread started at once, or that was taken before. */
function notInLine({ promptId, input, metadata }: PromptRequest & { readonly promptId: string }): QueuedSubmission {
  return { id: promptId, clientUserMessageId: promptId, input: [...input], responsesapiClientMetadata: metadata };
}

/** The reference's cursors are places in the line. @throws RpcError invalidParams */
function parseCursor(cursor: string | null): number {
  if (cursor === null) return 0;
  if (!/^\d{1,9}$/.test(cursor)) throw new RpcError('invalidParams', `invalid cursor: ${cursor}`);
  return Number(cursor);
}
