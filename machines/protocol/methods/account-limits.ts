import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** Whether a cloud of Amazon's for governments is meant: never, it is not served. */
export const checkGovCloudRequirements = defineRequest({
  method: 'account/bedrock/checkGovCloudRequirements',
  params: v.nullish(v.unknown()),
  result: v.object({ isGovCloud: v.literal(false), shouldWarn: v.literal(false) }),
});

/** `resetsAt`: whole Unix seconds. */
const rateLimitWindow = v.object({
  usedPercent: v.number(),
  windowDurationMins: v.nullable(v.number()),
  resetsAt: v.nullable(v.number()),
});

/** The limits of a ChatGPT plan, as far as they are known. */
export const rateLimits = v.object({
  limitId: v.nullable(v.string()),
  limitName: v.nullable(v.string()),
  primary: v.nullable(rateLimitWindow),
  secondary: v.nullable(rateLimitWindow),
  credits: v.nullable(v.object({ hasCredits: v.boolean(), unlimited: v.boolean(), balance: v.nullable(v.string()) })),
  planType: v.nullable(v.string()),
  rateLimitReachedType: v.nullable(
    v.picklist([
      'rate_limit_reached',
      'workspace_owner_credits_depleted',
      'workspace_member_credits_depleted',
      'workspace_owner_usage_limit_reached',
      'workspace_member_usage_limit_reached',
    ]),
  ),
});
export type RateLimits = v.InferOutput<typeof rateLimits>;

/**
 * What is left of the plan: as the vendor's backend answers, or, when it does not, as the last answer of the model said.
 * Rejects when nobody is signed in with ChatGPT, and when nothing is known.
 */
export const accountRateLimitsRead = defineRequest({
  method: 'account/rateLimits/read',
  params: v.nullish(v.unknown()),
  result: v.object({
    rateLimits,
    rateLimitsByLimitId: v.record(v.string(), rateLimits),
    accountId: v.nullable(v.string()),
  }),
  errors: ['notLoggedIn', 'rateLimitsUnknown'],
});

/** Sent to clients of the reference behind every count of tokens, all null while nothing is known (protocol.md §5). */
export const rateLimitsUpdated = defineNotification({
  method: 'account/rateLimits/updated',
  params: v.object({ rateLimits }),
});

export const NO_RATE_LIMITS: RateLimits = {
  limitId: null,
  limitName: null,
  primary: null,
  secondary: null,
  credits: null,
  planType: null,
  rateLimitReachedType: null,
};
