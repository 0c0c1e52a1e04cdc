import type { Config } from '../machines/config/config-schema.ts';

/** What one client, and all of them together, may ask of the daemon. Each is a key of `[daemon]` in `config.toml`. */
export interface Limits {
  /** Largest message of a client; a larger one closes its connection with 1009. */
  readonly maxFrameBytes: number;
  /** One more is refused with HTTP 429. */
  readonly maxConnections: number;
  /** Calls of one connection that are being answered; one more is refused as `overloaded`. */
  readonly maxRequestsInFlight: number;
  /** Threads that one connection follows; one more is refused as `limitReached`. */
  readonly maxSubscriptions: number;
  /** Prompts that wait in line in one thread, and their size together; one more is refused as `limitReached`. */
  readonly maxQueuedPrompts: number;
  readonly maxQueuedBytes: number;
  /** Above this much unsent data a client's threads wait for it to read on (libraries.md §4). */
  readonly slowClientBytes: number;
  /** A client that takes nothing of what waits for it for so long is ended. */
  readonly stuckClientMs: number;
  /** How long an idle thread stays in memory (protocol.md §6). */
  readonly unloadAfterMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  // A prompt of 10 MB has to fit.
  maxFrameBytes: 64 * MIB,
  maxConnections: 512,
  maxRequestsInFlight: 256,
  maxSubscriptions: 256,
  maxQueuedPrompts: 200,
  maxQueuedBytes: 64 * MIB,
  slowClientBytes: MIB,
  stuckClientMs: 5 * 60_000,
  unloadAfterMs: 60_000,
};

/** The limits as configured. */
export function limitsOf({ daemon = {} }: Pick<Config, 'daemon'>): Limits {
  const given = {
    maxFrameBytes: daemon.max_frame_bytes,
    maxConnections: daemon.max_connections,
    maxRequestsInFlight: daemon.max_requests_in_flight,
    maxSubscriptions: daemon.max_subscriptions,
    maxQueuedPrompts: daemon.max_queued_prompts,
    maxQueuedBytes: daemon.max_queued_bytes,
    slowClientBytes: daemon.slow_client_bytes,
    stuckClientMs: inMs(daemon.stuck_client_seconds),
    unloadAfterMs: inMs(daemon.unload_after_seconds),
  };
  return { ...DEFAULT_LIMITS, ...withoutUndefined(given) };
}

const inMs = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000);

function withoutUndefined(given: { readonly [K in keyof Limits]: number | undefined }): Partial<Limits> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
