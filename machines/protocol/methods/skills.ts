import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** Skills: folders with a SKILL.md that the model is told of and reads when it needs one (agent.md §14). */

const skill = v.object({
  name: v.string(),
  description: v.string(),
  shortDescription: v.nullable(v.string()),
  /** Of its SKILL.md. */
  path: v.string(),
  scope: v.picklist(['user', 'repo', 'system', 'admin']),
  enabled: v.boolean(),
  /** Plugins are not built here. */
  pluginId: v.null(),
});
export type SkillMetadata = v.InferOutput<typeof skill>;

/** Read anew each time, so `forceReload` changes nothing. */
export const skillsList = defineRequest({
  method: 'skills/list',
  params: v.object({ cwds: v.nullish(v.array(v.string())), forceReload: v.nullish(v.boolean()) }),
  result: v.object({
    data: v.array(
      v.object({
        cwd: v.string(),
        skills: v.array(skill),
        errors: v.array(v.object({ path: v.string(), message: v.string() })),
      }),
    ),
  }),
  errors: ['configInvalid'],
});

/** Switches a skill on or off, by its file or its name, in the user's config.toml. */
export const skillsConfigWrite = defineRequest({
  method: 'skills/config/write',
  params: v.object({ enabled: v.boolean(), name: v.nullish(v.string()), path: v.nullish(v.string()) }),
  result: v.object({ effectiveEnabled: v.boolean() }),
  errors: ['invalidArgument', 'invalidParams', 'configInvalid'],
  mutates: true,
});

/** More folders that hold skills, for all clients and until the daemon ends. */
export const skillsExtraRootsSet = defineRequest({
  method: 'skills/extraRoots/set',
  params: v.object({ extraRoots: v.array(v.string()) }),
  result: v.object({}),
  errors: ['invalidParams'],
  mutates: true,
});

/** To everybody: list them again. */
export const skillsChanged = defineNotification({ method: 'skills/changed', params: v.object({}) });
