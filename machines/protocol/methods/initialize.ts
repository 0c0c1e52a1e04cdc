import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** What a command of this client's turns runs in. Kept in the daemon's memory only, never written or told on. */
export const clientEnvironment = v.object({
  /** Absolute working folder of the client. */
  cwd: v.string(),
  variables: v.record(v.string(), v.string()),
  /** File mode mask, such as 0o022. */
  umask: v.number(),
});
export type ClientEnvironment = v.InferOutput<typeof clientEnvironment>;

/** Our own part of the handshake, in `capabilities.extensions.codexDaemon`; other clients leave it out. */
export const clientExtension = v.object({
  /** Protocol versions the client speaks. */
  protocol: v.object({ min: v.number(), max: v.number() }),
  build: v.string(),
  pid: v.nullish(v.number()),
  terminal: v.nullish(v.string()),
  environment: v.nullish(clientEnvironment),
  /** True when another program's messages are passed on, which does not understand ours (`codex app-server`). */
  forwards: v.nullish(v.boolean()),
});
export type ClientExtension = v.InferOutput<typeof clientExtension>;

/** Opens a connection (protocol.md §3). A client that sends our extension gets approvals as events (see approval.ts). */
export const initialize = defineRequest({
  method: 'initialize',
  params: v.object({
    clientInfo: v.object({ name: v.string(), version: v.string(), title: v.nullish(v.string()) }),
    capabilities: v.nullish(
      v.looseObject({
        experimentalApi: v.nullish(v.boolean()),
        optOutNotificationMethods: v.nullish(v.array(v.string())),
        extensions: v.nullish(v.looseObject({ codexDaemon: v.nullish(clientExtension) })),
      }),
    ),
  }),
  result: v.object({
    userAgent: v.string(),
    codexHome: v.string(),
    platformFamily: v.string(),
    platformOs: v.string(),
    /** Ours: absent when the server is the reference's. */
    daemon: v.optional(
      v.object({
        build: v.string(),
        pid: v.number(),
        instanceId: v.string(),
        clientId: v.string(),
        /** Where this client's turns run when they name no folder. */
        cwd: v.optional(v.string()),
        protocol: v.object({ min: v.number(), max: v.number() }),
      }),
    ),
  }),
  errors: ['alreadyInitialized', 'versionMismatch'],
});

export const initialized = defineNotification({ method: 'initialized', params: v.nullish(v.unknown()) });
