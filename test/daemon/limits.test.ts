import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, limitsOf } from '../../daemon/limits.ts';
import { checkConfig } from '../../machines/config/config-schema.ts';

const daemon = {
  max_frame_bytes: 65_536,
  max_connections: 3,
  max_requests_in_flight: 4,
  max_subscriptions: 5,
  max_queued_prompts: 6,
  max_queued_bytes: 7,
  slow_client_bytes: 8_192,
  stuck_client_seconds: 9,
  unload_after_seconds: 10,
};

test('each limit has a key of the configuration, and a default', () => {
  expect(limitsOf({})).toEqual(DEFAULT_LIMITS);
  expect(limitsOf({ daemon })).toEqual({
    maxFrameBytes: 65_536,
    maxConnections: 3,
    maxRequestsInFlight: 4,
    maxSubscriptions: 5,
    maxQueuedPrompts: 6,
    maxQueuedBytes: 7,
    slowClientBytes: 8_192,
    stuckClientMs: 9_000,
    unloadAfterMs: 10_000,
  });
  expect(Object.keys(daemon)).toHaveLength(Object.keys(DEFAULT_LIMITS).length);
});

test.each(Object.keys(daemon))('daemon.%s must be a whole number that leaves something', (key) => {
  expect(checkConfig({ daemon: { [key]: -1 } })).toMatchObject({ problem: { path: ['daemon', key] } });
  expect(checkConfig({ daemon: { [key]: 'many' } })).toMatchObject({
    problem: { message: expect.stringMatching(new RegExp(`^daemon\\.${key} must be a whole number, \\d+ or more$`)) },
  });
  expect(checkConfig({ daemon })).toHaveProperty('config');
});
