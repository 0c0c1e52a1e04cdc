import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** Finds files by some letters of their path (protocol.md §9.3). Ignored files and `.git` are left out. */

const found = v.object({
  root: v.string(),
  /** Below the root. */
  path: v.string(),
  match_type: v.picklist(['file', 'directory']),
  file_name: v.string(),
  /** Higher is better; only for comparing. */
  score: v.number(),
  /** Places in `path` of the letters that were found. */
  indices: v.nullable(v.array(v.number())),
});
export type FoundFile = v.InferOutput<typeof found>;

/** One search, at most 50 files. A later one of this client with the same token ends it with what there is: nothing. */
export const fuzzyFileSearch = defineRequest({
  method: 'fuzzyFileSearch',
  params: v.object({ query: v.string(), roots: v.array(v.string()), cancellationToken: v.nullish(v.string()) }),
  result: v.object({ files: v.array(found) }),
  errors: ['limitReached', 'searchUnavailable'],
});

/** Looks through the roots once, for all that is typed until the stop. One that has the name already is replaced. */
export const fuzzyFileSearchSessionStart = defineRequest({
  method: 'fuzzyFileSearch/sessionStart',
  params: v.object({ sessionId: v.string(), roots: v.array(v.string()) }),
  result: v.object({}),
  errors: ['invalidRequest', 'limitReached', 'searchUnavailable'],
});

export const fuzzyFileSearchSessionUpdate = defineRequest({
  method: 'fuzzyFileSearch/sessionUpdate',
  params: v.object({ sessionId: v.string(), query: v.string() }),
  result: v.object({}),
  errors: ['invalidRequest'],
});

export const fuzzyFileSearchSessionStop = defineRequest({
  method: 'fuzzyFileSearch/sessionStop',
  params: v.object({ sessionId: v.string() }),
  result: v.object({}),
});

/** What is found for the newest query, so far. */
export const fuzzyFileSearchSessionUpdated = defineNotification({
  method: 'fuzzyFileSearch/sessionUpdated',
  params: v.object({ sessionId: v.string(), query: v.string(), files: v.array(found) }),
});

/** All folders were looked through, and the newest query was answered. */
export const fuzzyFileSearchSessionCompleted = defineNotification({
  method: 'fuzzyFileSearch/sessionCompleted',
  params: v.object({ sessionId: v.string() }),
});
