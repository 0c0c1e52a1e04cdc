import { reviewHint } from '../../machines/review/review-prompt.ts';
import type { Handlers } from '../server/register.ts';
import { freshTurn } from '../threads/prompt-desk.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { startTask } from './thread-work.ts';
import { loaded } from './turn.ts';

export function reviewHandlers(deps: HandlerDeps): Pick<Handlers, 'review/start'> {
  return {
    'review/start': async ({ threadId, target }, context) => {
      const thread = await loaded(deps, threadId, context.connection);
      const turnId = startTask(deps, thread, { kind: 'review', target }, context);
      const content = [{ type: 'text' as const, text: reviewHint(target) }];
      // What the reference shows of a review until its items come.
      const items = [{ type: 'userMessage' as const, id: turnId, content, clientId: null }];
      return { reviewThreadId: threadId, turn: { ...freshTurn(turnId), items } };
    },
  };
}
