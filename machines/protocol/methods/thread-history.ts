import * as v from 'valibot';
import { defineRequest } from '../define.ts';
import { threadItem } from '../types/item.ts';
import { turn } from '../types/thread.ts';

const limit = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)));
const sortDirection = v.nullish(v.picklist(['asc', 'desc']));
const cursors = { nextCursor: v.nullable(v.string()), backwardsCursor: v.nullable(v.string()) };

/** Pages over a thread's turns, newest first unless told. `summary` holds the prompt and the last answer. */
export const threadTurnsList = defineRequest({
  method: 'thread/turns/list',
  params: v.object({
    threadId: v.string(),
    cursor: v.nullish(v.string()),
    limit,
    sortDirection,
    itemsView: v.nullish(v.picklist(['notLoaded', 'summary', 'full'])),
  }),
  result: v.object({ data: v.array(turn), ...cursors }),
  errors: ['threadNotFound'],
});

/** Pages over a thread's items, oldest first unless told; a cursor may also name an item of the turn asked for. */
export const threadItemsList = defineRequest({
  method: 'thread/items/list',
  params: v.object({
    threadId: v.string(),
    turnId: v.nullish(v.string()),
    cursor: v.nullish(v.union([v.string(), v.object({ type: v.literal('item'), itemId: v.string() })])),
    limit,
    sortDirection,
  }),
  result: v.object({
    data: v.array(
      v.object({
        turnId: v.string(),
        item: threadItem,
        startedAtMs: v.nullable(v.number()),
        completedAtMs: v.nullable(v.number()),
      }),
    ),
    ...cursors,
  }),
  errors: ['threadNotFound'],
});

/** Ids of the threads in memory. */
export const threadLoadedList = defineRequest({
  method: 'thread/loaded/list',
  params: v.object({ cursor: v.nullish(v.string()), limit }),
  result: v.object({ data: v.array(v.string()), nextCursor: v.nullable(v.string()) }),
});

/** The commands of a thread that run now, oldest first. */
export const threadBackgroundTerminalsList = defineRequest({
  method: 'thread/backgroundTerminals/list',
  params: v.object({ threadId: v.string(), cursor: v.nullish(v.string()), limit }),
  result: v.object({
    data: v.array(
      v.object({
        itemId: v.string(),
        /** The number that the model knows it by. */
        processId: v.string(),
        osPid: v.nullable(v.number()),
        command: v.string(),
        cwd: v.string(),
      }),
    ),
    nextCursor: v.nullable(v.string()),
  }),
  errors: ['threadNotFound'],
});
