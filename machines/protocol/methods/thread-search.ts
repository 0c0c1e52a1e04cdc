import * as v from 'valibot';
import { defineRequest } from '../define.ts';
import { threadItem } from '../types/item.ts';
import { thread } from '../types/thread.ts';

/** Threads of scripts and editors too; without it a list is of people's interfaces alone. */
export const ALL_SOURCE_KINDS = ['cli', 'vscode', 'exec', 'appServer', 'unknown'] as const;

/** What a page of threads is asked for with. */
export const threadPaging = {
  cursor: v.nullish(v.string()),
  limit: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200))),
  sortKey: v.nullish(v.picklist(['created_at', 'updated_at', 'recency_at', 'section_position'])),
  sortDirection: v.nullish(v.picklist(['asc', 'desc'])),
  archived: v.nullish(v.boolean()),
  sourceKinds: v.nullish(v.array(v.string())),
};

/** On from the page's end, and back from its beginning with the direction turned round, the first entry included. */
export const threadCursors = { nextCursor: v.nullish(v.string()), backwardsCursor: v.nullish(v.string()) };

/** Threads in whose messages a text stands, whatever its case, with the first place. Logs are read as streams. */
export const threadSearch = defineRequest({
  method: 'thread/search',
  params: v.object({ ...threadPaging, searchTerm: v.string() }),
  result: v.object({ data: v.array(v.object({ thread, snippet: v.string() })), ...threadCursors }),
});

/** Every place of a text in the messages of one thread, oldest first. Ranges count UTF-16 units of the snippet. */
export const threadSearchOccurrences = defineRequest({
  method: 'thread/searchOccurrences',
  params: v.object({
    threadId: v.string(),
    searchTerm: v.string(),
    cursor: v.nullish(v.string()),
    limit: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000))),
  }),
  result: v.object({
    data: v.array(
      v.object({
        turnId: v.string(),
        itemId: v.string(),
        snippet: v.string(),
        snippetMatchRange: v.object({ start: v.number(), end: v.number() }),
        /** A cursor of `thread/turns/list` that begins with this turn. */
        turnCursor: v.string(),
      }),
    ),
    nextCursor: v.nullish(v.string()),
  }),
  errors: ['threadNotFound'],
});

/** Items of one turn by their ids, in the order of the thread; ids that the turn does not have are passed over. */
export const threadItemsRead = defineRequest({
  method: 'thread/items/read',
  params: v.object({ threadId: v.string(), turnId: v.string(), itemIds: v.array(v.string()) }),
  result: v.object({
    data: v.array(
      v.object({
        turnId: v.string(),
        item: threadItem,
        startedAtMs: v.nullable(v.number()),
        completedAtMs: v.nullable(v.number()),
      }),
    ),
  }),
  errors: ['threadNotFound'],
});
