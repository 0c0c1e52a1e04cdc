import { clientKey } from '../../machines/policy/own-policy.ts';
import type { Handlers } from '../server/register.ts';
import { ownerOf } from './forget-draft.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { loaded } from './turn.ts';

/** What clients are typing (draft.ts of the protocol). */
export function draftHandlers(deps: HandlerDeps): Pick<Handlers, 'draft/set' | 'draft/take'> {
  return {
    'draft/set': async ({ threadId, text }, { connection }) => {
      await loaded(deps, threadId, connection);
      deps.drafts.set(threadId, ownerOf(connection), text);
      deps.registry.release(threadId);
      return {};
    },
    'draft/take': async ({ threadId }, { connection }) => {
      await loaded(deps, threadId, connection);
      const attached = new Set(deps.broadcast.followersOf(threadId).map(({ tag }) => clientKey(tag)));
      const draft = deps.drafts.take(threadId, ownerOf(connection), (key) => attached.has(key));
      deps.registry.release(threadId);
      return { draft: draft && { text: draft.text, savedAtMs: draft.savedAtMs } };
    },
  };
}
