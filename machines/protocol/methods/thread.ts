import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { dynamicToolSpec } from '../types/dynamic-tool.ts';
import { approvalPolicy, sandboxMode, sandboxPolicy } from '../types/policy.ts';
import { collaborationMode, presence, thread, threadSnapshot, threadStatus, toldSettings } from '../types/thread.ts';
import { threadTokenUsage } from '../types/usage.ts';
import { threadReadState } from './thread-read-state.ts';
import { threadCursors, threadPaging } from './thread-search.ts';

/** Overrides that travel with the request: `config` holds `-c key=value` pairs, dotted keys or tables. */
export const overrides = {
  model: v.nullish(v.string()),
  modelProvider: v.nullish(v.string()),
  cwd: v.nullish(v.string()),
  approvalPolicy: v.nullish(approvalPolicy),
  sandbox: v.nullish(sandboxMode),
  config: v.nullish(v.record(v.string(), v.unknown())),
  developerInstructions: v.nullish(v.string()),
  baseInstructions: v.nullish(v.string()),
};

/** What a thread runs with: the answer of start, resume and fork. */
export const opened = {
  thread,
  model: v.string(),
  modelProvider: v.string(),
  cwd: v.string(),
  approvalPolicy,
  approvalsReviewer: v.literal('user'),
  sandbox: sandboxPolicy,
  reasoningEffort: v.nullish(v.string()),
  /** Ours: lines that tell the user something about this thread's set-up (practice model, untrusted project …). */
  notices: v.optional(v.array(v.string()), []),
};

/** Makes a thread, stores it and subscribes the caller. One that never gets a prompt goes with its last client. */
export const threadStart = defineRequest({
  method: 'thread/start',
  params: v.object({
    ...overrides,
    ephemeral: v.nullish(v.boolean()),
    threadSource: v.nullish(v.string()),
    /** Tools that this client answers, by `item/tool/call`, while it is there; also when it comes back to the thread. */
    dynamicTools: v.nullish(v.array(dynamicToolSpec)),
  }),
  result: v.object(opened),
  errors: ['limitReached', 'configInvalid', 'providerNotFound', 'folderMissing', 'threadStoreFailed', 'invalidRequest'],
  mutates: true,
});

/** Loads a thread, subscribes the caller and answers with all turns (protocol.md §4.3). */
export const threadResume = defineRequest({
  method: 'thread/resume',
  params: v.object({ threadId: v.string(), excludeTurns: v.nullish(v.boolean()), ...overrides }),
  result: v.object({ ...opened, collaborationMode: v.nullish(collaborationMode) }),
  errors: [
    'threadNotFound',
    'threadArchived',
    'limitReached',
    'configInvalid',
    'providerNotFound',
    'threadStoreFailed',
  ],
});

/**
 * Ours: subscribes without a gap. With `afterSeq` the answer holds the missing events when they are still at hand,
 * else one snapshot at `seq`; only later events follow (DESIGN §3).
 */
export const threadAttach = defineRequest({
  method: 'thread/attach',
  params: v.object({
    threadId: v.string(),
    afterSeq: v.nullish(v.number()),
    role: v.nullish(v.picklist(['operator', 'observer'])),
  }),
  result: v.object({
    seq: v.number(),
    snapshot: v.nullable(threadSnapshot),
    events: v.array(v.object({ method: v.string(), params: v.unknown(), seq: v.number() })),
  }),
  errors: ['threadNotFound', 'threadArchived', 'limitReached', 'threadStoreFailed'],
});

const optionalId = v.nullish(v.string());

/**
 * Pages of stored threads, newest first unless told, by when they were made unless told; threads without a prompt are
 * left out, and so are those of other sources than people's interfaces unless they are asked for.
 */
export const threadList = defineRequest({
  method: 'thread/list',
  params: v.object({
    ...threadPaging,
    cwd: v.nullish(v.union([v.string(), v.array(v.string())])),
    searchTerm: v.nullish(v.string()),
    modelProviders: v.nullish(v.array(v.string())),
    excludedThreadIds: v.nullish(v.pipe(v.array(v.string()), v.maxLength(100))),
    /** Nothing is kept beside the logs that they would have to be repaired from. */
    useStateDbOnly: v.nullish(v.boolean()),
    // There are no sections, projects or attached threads here: a list of one of them is empty.
    sectionId: optionalId,
    projectId: optionalId,
    parentThreadId: optionalId,
    ancestorThreadId: optionalId,
    attachedToThreadId: optionalId,
  }),
  result: v.object({
    data: v.array(thread),
    ...threadCursors,
    readStates: v.nullish(v.record(v.string(), threadReadState)),
    /** Ours: who is attached to the loaded ones, by thread id. */
    presence: v.optional(v.record(v.string(), v.array(presence)), {}),
  }),
});

export const threadRead = defineRequest({
  method: 'thread/read',
  params: v.object({ threadId: v.string(), includeTurns: v.nullish(v.boolean()) }),
  result: v.object({
    thread,
    /** Null for a thread that is not kept. */
    readState: v.nullish(threadReadState),
  }),
  errors: ['threadNotFound'],
});

export const threadNameSet = defineRequest({
  method: 'thread/name/set',
  params: v.object({ threadId: v.string(), name: v.pipe(v.string(), v.trim(), v.minLength(1)) }),
  result: v.object({}),
  errors: ['threadNotFound'],
  mutates: true,
});

export const threadUnsubscribe = defineRequest({
  method: 'thread/unsubscribe',
  params: v.object({ threadId: v.string() }),
  result: v.object({ status: v.picklist(['unsubscribed', 'notSubscribed', 'notLoaded']) }),
});

/** Changes what the next turn runs with. */
export const threadSettingsUpdate = defineRequest({
  method: 'thread/settings/update',
  params: v.object({
    threadId: v.string(),
    model: v.nullish(v.string()),
    effort: v.nullish(v.string()),
    approvalPolicy: v.nullish(approvalPolicy),
    sandboxPolicy: v.nullish(sandboxPolicy),
    cwd: v.nullish(v.string()),
    /** Its model and effort win over the ones above. */
    collaborationMode: v.nullish(collaborationMode),
  }),
  result: v.object({}),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});

export const threadStarted = defineNotification({ method: 'thread/started', params: v.object({ thread }) });
export const threadClosed = defineNotification({
  method: 'thread/closed',
  params: v.object({ threadId: v.string() }),
});
export const threadStatusChanged = defineNotification({
  method: 'thread/status/changed',
  params: v.object({ threadId: v.string(), status: threadStatus }),
});
export const threadNameUpdated = defineNotification({
  method: 'thread/name/updated',
  params: v.object({ threadId: v.string(), threadName: v.nullish(v.string()) }),
});
export const threadSettingsUpdated = defineNotification({
  method: 'thread/settings/updated',
  params: v.object({ threadId: v.string(), threadSettings: toldSettings }),
});
export const threadTokenUsageUpdated = defineNotification({
  method: 'thread/tokenUsage/updated',
  params: v.object({ threadId: v.string(), turnId: v.string(), tokenUsage: threadTokenUsage }),
});
/** Ours: replaces all that a follower knows; sent when it lagged too far behind to be given the events. */
export const threadSnapshotSent = defineNotification({
  method: 'thread/snapshot',
  isOurs: true,
  params: v.object({ threadId: v.string(), snapshot: threadSnapshot }),
});
/** Ours: who is attached now. */
export const presenceChanged = defineNotification({
  method: 'presence/changed',
  isOurs: true,
  params: v.object({ threadId: v.string(), presence: v.array(presence) }),
});
