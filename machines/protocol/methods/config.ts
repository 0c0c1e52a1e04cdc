import * as v from 'valibot';
import { defineRequest } from '../define.ts';

/** Where a value came from: the layer and the version of its content (protocol.md §10). */
const layerMetadata = v.object({
  name: v.variant('type', [
    v.object({ type: v.literal('user'), file: v.string(), profile: v.nullable(v.string()) }),
    v.object({ type: v.literal('project'), dotCodexFolder: v.string() }),
    v.object({ type: v.literal('sessionFlags') }),
  ]),
  version: v.string(),
});
export type ConfigLayerMetadata = v.InferOutput<typeof layerMetadata>;

/** The merged configuration as a turn of this client would see it (agent.md §13). */
export const configRead = defineRequest({
  method: 'config/read',
  params: v.object({
    cwd: v.nullish(v.string()),
    includeLayers: v.nullish(v.boolean()),
    /** Ours: `-c` overrides to be laid on top. */
    config: v.nullish(v.record(v.string(), v.unknown())),
  }),
  result: v.object({
    config: v.record(v.string(), v.unknown()),
    /** Dotted key -> the layer its value came from. */
    origins: v.record(v.string(), layerMetadata),
    /** Highest precedence first; the user's is there also while the file is not. */
    layers: v.nullish(v.array(v.object({ ...layerMetadata.entries, config: v.record(v.string(), v.unknown()) }))),
  }),
  errors: ['configInvalid'],
});

const edit = {
  /** Dotted, parts quoted as in TOML where they need it. */
  keyPath: v.string(),
  /** Null removes the key. */
  value: v.unknown(),
  mergeStrategy: v.picklist(['replace', 'upsert']),
};

const target = {
  /** The user's config.toml, which is the only one that can be written. */
  filePath: v.nullish(v.string()),
  /** Refused as `configVersionConflict` when the file holds something else by now. */
  expectedVersion: v.nullish(v.string()),
};

const written = v.object({
  filePath: v.string(),
  /** `okOverridden`: written, and another layer decides here. */
  status: v.picklist(['ok', 'okOverridden']),
  version: v.string(),
  overriddenMetadata: v.nullable(
    v.object({ message: v.string(), overridingLayer: layerMetadata, effectiveValue: v.unknown() }),
  ),
});

const writeErrors = ['configInvalid', 'configVersionConflict', 'configLayerReadonly'] as const;

/** Writes one value into the user's config.toml; comments and order of the rest stay. */
export const configValueWrite = defineRequest({
  method: 'config/value/write',
  params: v.object({ ...edit, ...target }),
  result: written,
  errors: writeErrors,
  mutates: true,
});

/** Several values at once, all or none. Turns read the file when they start, so nothing has to be reloaded. */
export const configBatchWrite = defineRequest({
  method: 'config/batchWrite',
  params: v.object({ edits: v.array(v.object(edit)), ...target, reloadUserConfig: v.nullish(v.boolean()) }),
  result: written,
  errors: writeErrors,
  mutates: true,
});

/** Tries MCP servers again that failed; changed settings count from the next turn on by themselves. */
export const configMcpServerReload = defineRequest({
  method: 'config/mcpServer/reload',
  params: v.nullish(v.unknown()),
  result: v.object({}),
  mutates: true,
});

/** Limits an administrator set; there are none here, the reference's interface wants the answer (protocol.md §4.1). */
export const configRequirementsRead = defineRequest({
  method: 'configRequirements/read',
  params: v.nullish(v.unknown()),
  result: v.object({ requirements: v.null() }),
});

/** Ours: writes whether a project's own settings count and its files may be changed without asking (agent.md §13). */
export const configTrustWrite = defineRequest({
  method: 'config/trust/write',
  params: v.object({ cwd: v.string(), level: v.picklist(['trusted', 'untrusted']) }),
  result: v.object({
    /** The folder that trust is keyed by: the git root, or `cwd` itself. */
    root: v.string(),
  }),
  errors: ['configInvalid', 'folderMissing'],
  mutates: true,
});
