import * as v from 'valibot';
import { knownPlan } from '../auth/id-token.ts';
import { NO_RATE_LIMITS, type RateLimits } from '../protocol/methods/account-limits.ts';

type Window = NonNullable<RateLimits['primary']>;
type ReachedType = NonNullable<RateLimits['rateLimitReachedType']>;

/** The limit that a plan has for this agent; others are of models of their own. */
const LIMIT_ID = 'codex';
const REACHED: readonly ReachedType[] = [
  'rate_limit_reached',
  'workspace_owner_credits_depleted',
  'workspace_member_credits_depleted',
  'workspace_owner_usage_limit_reached',
  'workspace_member_usage_limit_reached',
];

/** What the headers `x-codex-*` of an answer say of the plan's limits; null when they say nothing. Times in seconds. */
export function rateLimitsFromHeaders(headers: Pick<Headers, 'get'>, nowSeconds: number): RateLimits | null {
  const number = (name: string): number | null => {
    const text = headers.get(`x-codex-${name}`)?.trim();
    return text && Number.isFinite(Number(text)) ? Number(text) : null;
  };
  const windowOf = (name: string): Window | null => {
    const after = number(`${name}-reset-after-seconds`);
    return toWindow({
      usedPercent: number(`${name}-used-percent`),
      minutes: number(`${name}-window-minutes`),
      resetsAt: number(`${name}-reset-at`) ?? (after === null ? null : nowSeconds + after),
    });
  };
  const isSet = (name: string) => /^(true|1)$/i.test(headers.get(`x-codex-credits-${name}`)?.trim() ?? '');
  const hasCredits = headers.get('x-codex-credits-has-credits') !== null;
  const [primary, secondary] = [windowOf('primary'), windowOf('secondary')];
  if (primary === null && secondary === null && !hasCredits) return null;
  return {
    ...NOTHING,
    primary,
    secondary,
    credits: hasCredits
      ? {
          hasCredits: isSet('has-credits'),
          unlimited: isSet('unlimited'),
          balance: headers.get('x-codex-credits-balance')?.trim() || null,
        }
      : null,
    rateLimitReachedType: reachedType(headers.get('x-codex-rate-limit-reached-type')),
  };
}

const NOTHING: RateLimits = { ...NO_RATE_LIMITS, limitId: LIMIT_ID };

const number = v.fallback(v.nullish(v.number()), null);
const window = v.fallback(
  v.nullish(
    v.object({ used_percent: number, limit_window_seconds: number, reset_at: number, reset_after_seconds: number }),
  ),
  null,
);
const flag = v.fallback(v.boolean(), false);
const usage = v.object({
  plan_type: v.fallback(v.nullish(v.string()), null),
  rate_limit: v.fallback(v.nullish(v.object({ primary_window: window, secondary_window: window })), null),
  credits: v.fallback(
    v.nullish(v.object({ has_credits: flag, unlimited: flag, balance: v.fallback(v.nullish(v.string()), null) })),
    null,
  ),
  rate_limit_reached_type: v.fallback(
    v.nullish(
      v.union([
        v.string(),
        v.pipe(
          v.object({ type: v.string() }),
          v.transform(({ type }) => type),
        ),
      ]),
    ),
    null,
  ),
});

/** What the backend answers when it is asked for the plan's use; null when it cannot be read. */
export function rateLimitsFromUsage(value: unknown, nowSeconds: number): RateLimits | null {
  const parsed = v.safeParse(usage, value);
  if (!parsed.success) return null;
  const { plan_type: plan, rate_limit: limit, credits, rate_limit_reached_type: reached } = parsed.output;
  const windowOf = (given: v.InferOutput<typeof window>): Window | null => {
    const { used_percent: usedPercent = null, limit_window_seconds: seconds = null, ...ends } = given ?? {};
    const after = ends.reset_after_seconds ?? null;
    return toWindow({
      usedPercent,
      minutes: seconds === null ? null : Math.ceil(seconds / 60),
      resetsAt: ends.reset_at ?? (after === null ? null : nowSeconds + after),
    });
  };
  return {
    ...NOTHING,
    primary: windowOf(limit?.primary_window),
    secondary: windowOf(limit?.secondary_window),
    credits: credits
      ? { hasCredits: credits.has_credits, unlimited: credits.unlimited, balance: credits.balance ?? null }
      : null,
    planType: plan == null ? null : knownPlan(plan),
    rateLimitReachedType: reachedType(reached ?? null),
  };
}

/** A window of which nothing is known but zeros is none. */
function toWindow(given: {
  readonly usedPercent: number | null;
  readonly minutes: number | null;
  readonly resetsAt: number | null;
}): Window | null {
  const { usedPercent, minutes, resetsAt } = given;
  if (usedPercent === null || (usedPercent === 0 && !minutes && !resetsAt)) return null;
  return {
    usedPercent: Math.round(usedPercent),
    windowDurationMins: minutes === null ? null : Math.round(minutes),
    resetsAt: resetsAt === null ? null : Math.round(resetsAt),
  };
}

function reachedType(name: string | null): ReachedType | null {
  return REACHED.find((known) => known === name?.trim()) ?? null;
}

const VENDOR_HOSTS = /^https:\/\/(chatgpt\.com|chat\.openai\.com)$/;

/** Where a plan's use is asked for. @param base `chatgpt_base_url` of the configuration */
export function usageUrl(base = 'https://chatgpt.com/backend-api'): string {
  const cut = base.replace(/\/+$/, '');
  const full = VENDOR_HOSTS.test(cut) ? `${cut}/backend-api` : cut;
  return full.includes('/backend-api') ? `${full}/wham/usage` : `${full}/api/codex/usage`;
}
