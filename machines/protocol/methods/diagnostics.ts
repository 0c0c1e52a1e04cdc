import * as v from 'valibot';
import { defineRequest } from '../define.ts';

/** What the process costs, and counts of what it holds; names of ours begin with `daemon.`. */
export const serverDiagnostics = defineRequest({
  method: 'server/diagnostics',
  params: v.nullish(v.unknown()),
  result: v.object({
    process: v.object({
      id: v.number(),
      residentMemoryBytes: v.nullable(v.number()),
      /** Not known on any system here. */
      physicalFootprintBytes: v.null(),
    }),
    gauges: v.array(v.object({ name: v.string(), value: v.number() })),
  }),
});

/** Writes a report to a file of this machine, without secrets and without words of a thread. Nothing is sent anywhere. */
export const feedbackSave = defineRequest({
  method: 'feedback/save',
  params: v.object({
    classification: v.string(),
    /** Absolute; nothing may be there yet. */
    savePath: v.string(),
    reason: v.nullish(v.string()),
    threadId: v.nullish(v.string()),
    tags: v.nullish(v.record(v.string(), v.string())),
    /** The end of the daemon's log. */
    includeLogs: v.nullish(v.boolean()),
    extraLogFiles: v.nullish(v.array(v.string())),
  }),
  result: v.object({ savedPath: v.string(), threadId: v.string(), promptHash: v.null() }),
  errors: ['invalidRequest', 'pathRefused', 'tooLarge', 'fileSystem'],
  mutates: true,
});
