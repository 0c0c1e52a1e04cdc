import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { sandboxPolicy } from '../types/policy.ts';

/** Commands that a client runs itself, without a thread or a model (protocol.md §9.2). They end with its connection. */

const size = v.object({ rows: v.number(), cols: v.number() });

const startErrors = ['invalidRequest', 'invalidArgument', 'commandNotStarted', 'limitReached'] as const;

/** Runs an argument list in the sandbox and answers when it has ended; with a `processId` it can be written to. */
export const commandExec = defineRequest({
  method: 'command/exec',
  params: v.object({
    command: v.array(v.string()),
    cwd: v.nullish(v.string()),
    /** Laid over the client's environment; null takes a variable away. */
    env: v.nullish(v.record(v.string(), v.nullable(v.string()))),
    /** Chosen by the client, its own; needed for a terminal and for streaming. */
    processId: v.nullish(v.string()),
    tty: v.nullish(v.boolean()),
    size: v.nullish(size),
    streamStdin: v.nullish(v.boolean()),
    /** Output comes as `command/exec/outputDelta` and not in the answer. */
    streamStdoutStderr: v.nullish(v.boolean()),
    /** Bytes kept of each of stdout and stderr; 1 MiB when left out. */
    outputBytesCap: v.nullish(v.number()),
    /** Up to 32 MiB of each are kept then. */
    disableOutputCap: v.nullish(v.boolean()),
    /** 10 s when left out; exit code 124 when it ran out. */
    timeoutMs: v.nullish(v.number()),
    disableTimeout: v.nullish(v.boolean()),
    /** What the configuration says for the folder when left out. */
    sandboxPolicy: v.nullish(sandboxPolicy),
    /** `:read-only`, `:workspace` or `:danger-full-access`. */
    permissionProfile: v.nullish(v.string()),
  }),
  result: v.object({ exitCode: v.number(), stdout: v.string(), stderr: v.string() }),
  errors: [...startErrors, 'sandboxUnavailable', 'configInvalid'],
  mutates: true,
});

/** Types into a running command, or closes its stdin. */
export const commandExecWrite = defineRequest({
  method: 'command/exec/write',
  params: v.object({
    processId: v.string(),
    deltaBase64: v.nullish(v.string()),
    closeStdin: v.nullish(v.boolean()),
  }),
  result: v.object({}),
  errors: ['invalidRequest', 'invalidArgument'],
  mutates: true,
});

export const commandExecTerminate = defineRequest({
  method: 'command/exec/terminate',
  params: v.object({ processId: v.string() }),
  result: v.object({}),
  errors: ['invalidRequest'],
  mutates: true,
});

export const commandExecResize = defineRequest({
  method: 'command/exec/resize',
  params: v.object({ processId: v.string(), size }),
  result: v.object({}),
  errors: ['invalidRequest', 'invalidArgument'],
  mutates: true,
});

/** Only for the connection that runs it. `capReached`: nothing more of this stream will come. */
export const commandExecOutputDelta = defineNotification({
  method: 'command/exec/outputDelta',
  params: v.object({
    processId: v.string(),
    stream: v.picklist(['stdout', 'stderr']),
    deltaBase64: v.string(),
    capReached: v.boolean(),
  }),
});

/** Starts a process outside of the sandbox and answers at once; `process/exited` tells its end (protocol.md §9.3). */
export const processSpawn = defineRequest({
  method: 'process/spawn',
  params: v.object({
    command: v.array(v.string()),
    cwd: v.string(),
    processHandle: v.string(),
    env: v.nullish(v.record(v.string(), v.nullable(v.string()))),
    tty: v.nullish(v.boolean()),
    size: v.nullish(size),
    streamStdin: v.nullish(v.boolean()),
    streamStdoutStderr: v.nullish(v.boolean()),
    /** 1 MiB of each stream when left out; null: up to 32 MiB. */
    outputBytesCap: v.nullish(v.number()),
    /** 10 s when left out; null: no limit. */
    timeoutMs: v.nullish(v.number()),
  }),
  result: v.object({}),
  errors: startErrors,
  mutates: true,
});

export const processWriteStdin = defineRequest({
  method: 'process/writeStdin',
  params: v.object({
    processHandle: v.string(),
    deltaBase64: v.nullish(v.string()),
    closeStdin: v.nullish(v.boolean()),
  }),
  result: v.object({}),
  errors: ['invalidRequest', 'invalidArgument'],
  mutates: true,
});

export const processKill = defineRequest({
  method: 'process/kill',
  params: v.object({ processHandle: v.string() }),
  result: v.object({}),
  errors: ['invalidRequest'],
  mutates: true,
});

export const processResizePty = defineRequest({
  method: 'process/resizePty',
  params: v.object({ processHandle: v.string(), size }),
  result: v.object({}),
  errors: ['invalidRequest', 'invalidArgument'],
  mutates: true,
});

export const processOutputDelta = defineNotification({
  method: 'process/outputDelta',
  params: v.object({
    processHandle: v.string(),
    stream: v.picklist(['stdout', 'stderr']),
    deltaBase64: v.string(),
    capReached: v.boolean(),
  }),
});

/** The texts hold what was not streamed. */
export const processExited = defineNotification({
  method: 'process/exited',
  params: v.object({
    processHandle: v.string(),
    exitCode: v.number(),
    stdout: v.string(),
    stdoutCapReached: v.boolean(),
    stderr: v.string(),
    stderrCapReached: v.boolean(),
    /** Something kept the output open after the end; it was not waited for longer. */
    outputDrainTimedOut: v.boolean(),
  }),
});
