import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { gitInfo, thread } from '../types/thread.ts';
import { opened, overrides } from './thread.ts';

/**
 * Goes on with a copy of a thread's history, up to and with `lastTurnId` or up to `beforeTurnId`; the source stays as
 * it is. Subscribes the caller.
 */
export const threadFork = defineRequest({
  method: 'thread/fork',
  params: v.object({
    threadId: v.string(),
    lastTurnId: v.nullish(v.string()),
    beforeTurnId: v.nullish(v.string()),
    ephemeral: v.nullish(v.boolean()),
    excludeTurns: v.nullish(v.boolean()),
    threadSource: v.nullish(v.string()),
    ...overrides,
  }),
  result: v.object(opened),
  errors: [
    'threadNotFound',
    'threadArchived',
    'turnNotFound',
    'configInvalid',
    'providerNotFound',
    'threadStoreFailed',
  ],
});

/** Puts a thread away: it is listed with `archived: true` only and cannot be gone on with. */
export const threadArchive = defineRequest({
  method: 'thread/archive',
  params: v.object({ threadId: v.string() }),
  result: v.object({}),
  errors: ['threadNotFound', 'threadBusy', 'threadStoreFailed'],
  mutates: true,
});

export const threadUnarchive = defineRequest({
  method: 'thread/unarchive',
  params: v.object({ threadId: v.string() }),
  result: v.object({ thread }),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});

/** Removes a thread, archived or not, and all that is kept beside it. There is no way back. */
export const threadDelete = defineRequest({
  method: 'thread/delete',
  params: v.object({ threadId: v.string() }),
  result: v.object({}),
  errors: ['threadNotFound', 'threadBusy', 'threadStoreFailed'],
  mutates: true,
});

const patched = v.optional(v.nullable(v.string()));

/** Corrects what is known of the thread's repository: a field left out stays, null clears it. */
export const threadMetadataUpdate = defineRequest({
  method: 'thread/metadata/update',
  params: v.object({
    threadId: v.string(),
    gitInfo: v.nullish(v.object({ sha: patched, branch: patched, originUrl: patched })),
  }),
  result: v.object({ thread }),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});

/** Takes back a turn and all after it: neither people nor the model see them again. Files stay as they are. */
export const threadRevert = defineRequest({
  method: 'thread/revert',
  params: v.object({ threadId: v.string(), beforeTurnId: v.string() }),
  result: v.object({
    thread,
    itemsBackwardsCursor: v.nullish(v.string()),
    turnsBackwardsCursor: v.nullish(v.string()),
  }),
  errors: ['threadNotFound', 'threadBusy', 'turnNotFound', 'threadStoreFailed'],
  mutates: true,
});

/** Adds items of the Responses API to what the model is sent; people do not see them. */
export const threadInjectItems = defineRequest({
  method: 'thread/inject_items',
  params: v.object({ threadId: v.string(), items: v.array(v.unknown()) }),
  result: v.object({}),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});

const gone = v.object({ threadId: v.string() });
export const threadArchived = defineNotification({ method: 'thread/archived', params: gone });
export const threadUnarchived = defineNotification({ method: 'thread/unarchived', params: gone });
export const threadDeleted = defineNotification({ method: 'thread/deleted', params: gone });
/** Turns were taken back: whoever shows the thread reads it anew. */
export const threadReverted = defineNotification({ method: 'thread/reverted', params: gone });
/** Ours: the repository facts of a loaded thread were corrected. */
export const threadGitInfoUpdated = defineNotification({
  method: 'thread/gitInfo/updated',
  params: v.object({ threadId: v.string(), gitInfo: v.nullable(gitInfo) }),
  isOurs: true,
});
