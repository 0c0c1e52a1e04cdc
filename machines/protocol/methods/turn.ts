import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { planStep, userInput } from '../types/item.ts';
import { approvalPolicy, sandboxPolicy } from '../types/policy.ts';
import { collaborationMode, turn, turnError } from '../types/thread.ts';

/**
 * Sends a prompt. During a turn it is taken as steering, as in the reference (protocol.md §4.4), unless
 * `whenBusy` (ours) is `queue`. A `clientUserMessageId` that was seen before is not doubled.
 */
export const turnStart = defineRequest({
  method: 'turn/start',
  params: v.object({
    threadId: v.string(),
    input: v.array(userInput),
    clientUserMessageId: v.nullish(v.string()),
    whenBusy: v.nullish(v.picklist(['queue', 'steer'])),
    cwd: v.nullish(v.string()),
    model: v.nullish(v.string()),
    effort: v.nullish(v.string()),
    approvalPolicy: v.nullish(approvalPolicy),
    sandboxPolicy: v.nullish(sandboxPolicy),
    /** Also for later turns; its model and effort win over the ones above. */
    collaborationMode: v.nullish(collaborationMode),
    outputSchema: v.optional(v.unknown()),
  }),
  result: v.object({
    turn,
    /** Ours: true when the prompt waits in the queue; `turn` is then the running one. */
    queued: v.optional(v.boolean()),
  }),
  errors: ['threadNotFound', 'limitReached', 'configInvalid', 'providerNotFound', 'folderMissing', 'threadStoreFailed'],
  mutates: true,
});

export const turnSteer = defineRequest({
  method: 'turn/steer',
  params: v.object({
    threadId: v.string(),
    input: v.array(userInput),
    expectedTurnId: v.string(),
    clientUserMessageId: v.nullish(v.string()),
  }),
  result: v.object({ turnId: v.string() }),
  errors: ['threadNotFound', 'noActiveTurn', 'turnMismatch', 'turnNotSteerable'],
  mutates: true,
});

/** Stops the turn: its model stream is cut, its commands are killed, its history stays valid. */
export const turnInterrupt = defineRequest({
  method: 'turn/interrupt',
  params: v.object({ threadId: v.string(), turnId: v.nullish(v.string()) }),
  result: v.object({}),
  errors: ['threadNotFound', 'noActiveTurn', 'turnMismatch'],
  mutates: true,
});

/** Changes what the rest of a running turn asks with; the thread keeps its own. Holds from the next request on. */
export const turnSettingsUpdate = defineRequest({
  method: 'turn/settings/update',
  params: v.object({
    threadId: v.string(),
    turnId: v.string(),
    model: v.nullish(v.string()),
    effort: v.nullish(v.string()),
  }),
  /** `targetUnavailable`: that turn does not run (any more). */
  result: v.object({ status: v.picklist(['applied', 'targetUnavailable']) }),
  errors: ['threadNotFound'],
  mutates: true,
});

const ofTurn = { threadId: v.string(), turnId: v.string() };

export const turnStarted = defineNotification({
  method: 'turn/started',
  params: v.object({ threadId: v.string(), turn }),
});
export const turnCompleted = defineNotification({
  method: 'turn/completed',
  params: v.object({ threadId: v.string(), turn }),
});
/** With `willRetry` a notice of a reconnect, without it the reason why the turn failed. */
export const turnErrorNotice = defineNotification({
  method: 'error',
  params: v.object({ ...ofTurn, error: turnError, willRetry: v.boolean() }),
});
/** One unified diff of everything the turn changed so far. */
export const turnDiffUpdated = defineNotification({
  method: 'turn/diff/updated',
  params: v.object({ ...ofTurn, diff: v.string() }),
});
export const turnPlanUpdated = defineNotification({
  method: 'turn/plan/updated',
  params: v.object({ ...ofTurn, explanation: v.nullish(v.string()), plan: v.array(planStep) }),
});
export const warning = defineNotification({
  method: 'warning',
  params: v.object({ threadId: v.nullish(v.string()), message: v.string() }),
});
