import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** The first unread place of a thread; null: all is read. The revision changes with every mark and every turn. */
export const threadReadState = v.object({
  firstUnread: v.nullable(
    v.variant('type', [
      v.object({ type: v.literal('threadStart') }),
      v.object({ type: v.literal('turn'), turnId: v.string() }),
    ]),
  ),
  revision: v.string(),
});
export type ThreadReadState = v.InferOutput<typeof threadReadState>;

/** Marks a thread as read or unread. `readStateConflict` when the caller has not seen the latest (protocol.md §4.4). */
export const threadReadStateUpdate = defineRequest({
  method: 'thread/readState/update',
  params: v.object({
    threadId: v.string(),
    operation: v.object({ type: v.picklist(['read', 'unread']) }),
    expectedRevision: v.string(),
  }),
  result: v.object({ readState: threadReadState }),
  errors: ['threadNotFound', 'readStateConflict', 'threadStoreFailed'],
});

/** Sent before a turn ends in `idle`, and after every mark (protocol.md §5). */
export const threadReadStateChanged = defineNotification({
  method: 'thread/readState/changed',
  params: v.object({ threadId: v.string(), readState: threadReadState }),
});
