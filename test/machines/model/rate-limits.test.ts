import { describe, expect, test } from 'vitest';
import { rateLimitsFromHeaders, rateLimitsFromUsage, usageUrl } from '../../../machines/model/rate-limits.ts';
import { NO_RATE_LIMITS } from '../../../machines/protocol/methods/account-limits.ts';

const NOW = 1_000_000;
const limits = (known: object) => ({ ...NO_RATE_LIMITS, limitId: 'codex', ...known });

describe('rateLimitsFromHeaders', () => {
  test.each([
    ['nothing', {}, null],
    ['zeros', { 'primary-used-percent': '0', 'primary-window-minutes': '0' }, null],
    ['noise', { 'primary-used-percent': 'much', 'secondary-used-percent': ' ' }, null],
    [
      'both windows',
      {
        'primary-used-percent': '12.5',
        'primary-window-minutes': '300',
        'primary-reset-at': '1000900',
        'secondary-used-percent': '40',
        'secondary-reset-after-seconds': '60',
      },
      limits({
        primary: { usedPercent: 13, windowDurationMins: 300, resetsAt: 1_000_900 },
        secondary: { usedPercent: 40, windowDurationMins: null, resetsAt: NOW + 60 },
      }),
    ],
    [
      'credits and a limit that is reached',
      {
        'credits-has-credits': 'True',
        'credits-unlimited': 'false',
        'credits-balance': ' 3.50 ',
        'rate-limit-reached-type': 'rate_limit_reached',
      },
      limits({
        credits: { hasCredits: true, unlimited: false, balance: '3.50' },
        rateLimitReachedType: 'rate_limit_reached',
      }),
    ],
    [
      'a kind of limit that is not known',
      { 'primary-used-percent': '1', 'rate-limit-reached-type': 'later' },
      limits({ primary: { usedPercent: 1, windowDurationMins: null, resetsAt: null } }),
    ],
  ])('%s', (_, headers, expected) => {
    const given = new Headers(Object.entries(headers).map(([name, value]) => [`x-codex-${name}`, value]));
    expect(rateLimitsFromHeaders(given, NOW)).toEqual(expected);
  });
});

describe('rateLimitsFromUsage', () => {
  test.each([
    ['a text', 'x', null],
    ['nothing known', {}, limits({})],
    [
      'a plan with windows and credits',
      {
        plan_type: 'pro',
        rate_limit: {
          allowed: true,
          primary_window: { used_percent: 7, limit_window_seconds: 18_000, reset_at: 1_000_500 },
          secondary_window: { used_percent: 99.6, limit_window_seconds: 61, reset_after_seconds: 30 },
        },
        credits: { has_credits: true, unlimited: true, balance: null },
        rate_limit_reached_type: { type: 'workspace_owner_credits_depleted' },
      },
      limits({
        planType: 'pro',
        primary: { usedPercent: 7, windowDurationMins: 300, resetsAt: 1_000_500 },
        secondary: { usedPercent: 100, windowDurationMins: 2, resetsAt: NOW + 30 },
        credits: { hasCredits: true, unlimited: true, balance: null },
        rateLimitReachedType: 'workspace_owner_credits_depleted',
      }),
    ],
    [
      'shapes of a later day',
      { plan_type: 'galactic', rate_limit: 5, credits: 'many', rate_limit_reached_type: 7 },
      limits({ planType: 'unknown' }),
    ],
  ])('%s', (_, value, expected) => {
    expect(rateLimitsFromUsage(value, NOW)).toEqual(expected);
  });
});

test.each([
  [undefined, 'https://chatgpt.com/backend-api/wham/usage'],
  ['https://chatgpt.com/', 'https://chatgpt.com/backend-api/wham/usage'],
  ['https://x.test/backend-api//', 'https://x.test/backend-api/wham/usage'],
  ['http://127.0.0.1:1', 'http://127.0.0.1:1/api/codex/usage'],
])('usageUrl(%s) is %s', (base, expected) => {
  expect(usageUrl(base)).toBe(expected);
});
