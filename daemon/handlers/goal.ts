import type { Handlers } from '../server/register.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';
import { loaded } from './turn.ts';

type GoalMethods = 'thread/goal/set' | 'thread/goal/get' | 'thread/goal/clear';

export function goalHandlers(deps: HandlerDeps): Pick<Handlers, GoalMethods> {
  return {
    'thread/goal/set': async ({ threadId, objective, status, tokenBudget }, { connection, afterReply }) => {
      const thread = await loaded(deps, threadId, connection);
      const goal = thread.goals.change({ objective, status, tokenBudget }, null);
      const asker = { sentBy: connection.tag, environment: environmentOf(connection, deps.home) };
      afterReply(() => thread.goals.takeUp(asker));
      return { goal };
    },
    'thread/goal/get': async ({ threadId }, { connection }) => {
      const { goals } = await loaded(deps, threadId, connection);
      deps.registry.release(threadId);
      return { goal: goals.current };
    },
    'thread/goal/clear': async ({ threadId }, { connection }) => {
      const { goals } = await loaded(deps, threadId, connection);
      deps.registry.release(threadId);
      return { cleared: goals.clear() };
    },
  };
}
