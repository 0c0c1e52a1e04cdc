import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

export const daemonStatus = defineRequest({
  method: 'daemon/status',
  params: v.optional(v.object({}), {}),
  result: v.object({
    pid: v.number(),
    instanceId: v.string(),
    build: v.string(),
    protocol: v.object({ min: v.number(), max: v.number() }),
    state: v.string(),
    startedAtMs: v.number(),
    uptimeMs: v.number(),
    /** Resident memory in bytes. */
    memoryBytes: v.number(),
    home: v.string(),
    socketPath: v.string(),
    logPath: v.string(),
    threads: v.object({ loaded: v.number(), running: v.number(), waiting: v.number() }),
    clients: v.array(
      v.object({
        clientId: v.string(),
        name: v.string(),
        version: v.string(),
        pid: v.nullable(v.number()),
        terminal: v.nullable(v.string()),
        encoding: v.string(),
        threads: v.array(v.string()),
        /** Bytes that were sent to it and that it has not taken yet. */
        waitingBytes: v.optional(v.number()),
      }),
    ),
    sandbox: v.object({
      available: v.boolean(),
      kind: v.nullable(v.string()),
      reason: v.nullable(v.string()),
      mend: v.nullable(v.string()),
    }),
    keyring: v.object({ available: v.boolean(), reason: v.nullable(v.string()) }),
    /** Listeners beside the daemon's own socket: who opened each (null: it stays), how many clients it has. */
    listeners: v.optional(
      v.array(
        v.object({
          address: v.string(),
          tokenFile: v.nullable(v.string()),
          owner: v.nullable(v.string()),
          clients: v.number(),
          /** Why one that the configuration wants is not there, or null. */
          problem: v.nullable(v.string()),
        }),
      ),
      [],
    ),
    startedBy: v.picklist(['user', 'client']),
    idleExitMinutes: v.number(),
  }),
});
export type DaemonStatus = v.InferOutput<typeof daemonStatus.result>;

const liveActor = v.object({
  /** `daemon`, `auth`, `connection`, `thread`, `turn`, `toolCall` …: which statechart. */
  kind: v.string(),
  id: v.string(),
  /** The actor that it belongs to; null for the daemon. */
  parentId: v.nullable(v.string()),
  /** Such as `sampling.streaming`. */
  state: v.string(),
  /** When it entered that state. */
  sinceMs: v.number(),
  /** A word for people on which one it is: the client's name, the thread's, the tool's. */
  about: v.nullable(v.string()),
});
export type LiveActor = v.InferOutput<typeof liveActor>;

/** Every statechart that is at work, each before those below it: a tree by `parentId`. */
export const daemonActorsList = defineRequest({
  method: 'daemon/actors/list',
  params: v.optional(v.object({}), {}),
  result: v.object({ data: v.array(liveActor) }),
});

/** Stops the daemon: running turns are interrupted (after `drainMs` at most), logs flushed, clients told. */
export const daemonStop = defineRequest({
  method: 'daemon/stop',
  params: v.optional(v.object({ drainMs: v.nullish(v.number()) }), {}),
  result: v.object({}),
  mutates: true,
});

const listenerOptions = v.object({
  /** `unix://PATH`, `unix://` (the reference's control path), `ws://IP:PORT` or `wss://IP:PORT`; port 0 is any. */
  address: v.string(),
  /** For ws and wss: an absolute path. Without one the daemon makes a token. */
  tokenFile: v.nullish(v.string()),
  /** For wss: PEM files, as absolute paths. */
  certFile: v.nullish(v.string()),
  keyFile: v.nullish(v.string()),
});
export type ListenerOptions = v.InferOutput<typeof listenerOptions>;

/**
 * Listens at one more place. The listener closes with the connection that asked for it, or with the daemon when it
 * `stays`. The answer names the place (with the real port) and the file that holds the token.
 */
export const daemonListenerOpen = defineRequest({
  method: 'daemon/listener/open',
  params: v.object({ ...listenerOptions.entries, stays: v.nullish(v.boolean()) }),
  result: v.object({ address: v.string(), tokenFile: v.nullable(v.string()) }),
  errors: ['listenFailed'],
  mutates: true,
});

/** Closes a listener, whoever opened it. */
export const daemonListenerClose = defineRequest({
  method: 'daemon/listener/close',
  params: v.object({ address: v.string() }),
  result: v.object({ closed: v.boolean() }),
  mutates: true,
});

/** The daemon is going; clients reconnect by themselves when another one starts. */
export const daemonStopping = defineNotification({
  method: 'daemon/stopping',
  isOurs: true,
  params: v.object({ reason: v.string() }),
});
