import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';

export function presenceHandlers({ broadcast, registry }: HandlerDeps): Pick<Handlers, 'presence/list'> {
  return {
    'presence/list': ({ threadId }) => {
      const thread = registry.get(threadId);
      const all = thread ? [...broadcast.connections] : [];
      return { data: all.flatMap((connection) => (thread && connection.presenceIn(thread)) ?? []) };
    },
  };
}
