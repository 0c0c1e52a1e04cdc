import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';

type FileSearchMethods =
  | 'fuzzyFileSearch'
  | 'fuzzyFileSearch/sessionStart'
  | 'fuzzyFileSearch/sessionUpdate'
  | 'fuzzyFileSearch/sessionStop';

/** Files by some letters of their path (protocol.md §9.3). */
export function fileSearchHandlers({ belongings: { searches } }: HandlerDeps): Pick<Handlers, FileSearchMethods> {
  return {
    fuzzyFileSearch: async ({ query, roots, cancellationToken }, { connection }) => ({
      files: await searches.search(connection, query, roots, cancellationToken ?? null),
    }),
    'fuzzyFileSearch/sessionStart': ({ sessionId, roots }, { connection }) => {
      searches.start(connection, sessionId, roots);
      return {};
    },
    'fuzzyFileSearch/sessionUpdate': ({ sessionId, query }, { connection }) => {
      searches.update(connection, sessionId, query);
      return {};
    },
    'fuzzyFileSearch/sessionStop': ({ sessionId }, { connection }) => {
      searches.stop(connection, sessionId);
      return {};
    },
  };
}
