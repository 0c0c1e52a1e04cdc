import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../machines/config/config-schema.ts';
import { messageOf } from '../../machines/core/errors.ts';
import type { SkillMetadata } from '../../machines/protocol/methods/skills.ts';
import { findRoot, foldersDown } from '../config/project.ts';
import { readSkillHead } from './skill-file.ts';

export interface SkillPlaces {
  /** `$CODEX_HOME`. */
  readonly home: string;
  /** `HOME` of the client; null: it has none. */
  readonly userHome: string | null;
  readonly cwd: string;
  /** Added by a client (`skills/extraRoots/set`). */
  readonly extraRoots: readonly string[];
  readonly config: Pick<Config, 'skills'>;
}

export interface FoundSkills {
  readonly skills: SkillMetadata[];
  readonly errors: { path: string; message: string }[];
}

type Scope = SkillMetadata['scope'];

const MAX_SKILLS_PER_FOLDER = 200;

/** The skills of a folder: those of its repository, the user's own, those that came along (agent.md §14). */
export async function findSkills(places: SkillPlaces): Promise<FoundSkills> {
  const root = await findRoot(places.cwd, ['.git']);
  const repository = foldersDown(root, places.cwd).map((folder) => join(folder, '.agents', 'skills'));
  const own = [
    ...(places.userHome === null ? [] : [join(places.userHome, '.agents', 'skills')]),
    join(places.home, 'skills'),
    ...places.extraRoots,
  ];
  const parts = await Promise.all([
    findIn(repository, 'repo'),
    findIn(own, 'user'),
    findIn([join(places.home, 'skills', '.system')], 'system'),
  ]);
  const isOff = switchedOff(places.config);
  const known = new Set<string>();
  const skills = parts
    .flatMap(({ skills: found }) => found)
    .filter(({ path }) => !known.has(path) && known.add(path))
    .map((skill) => ({ ...skill, enabled: !isOff(skill) }));
  return { skills, errors: parts.flatMap(({ errors }) => errors) };
}

/** `[[skills.config]]` names a skill by its file or its name; the last that does decides. */
export function switchedOff({ skills }: Pick<Config, 'skills'>): (skill: { path: string; name: string }) => boolean {
  return ({ path, name }) => {
    const last = skills?.config?.findLast((entry) => entry.path === path || entry.name === name);
    return last?.enabled === false;
  };
}

async function findIn(folders: readonly string[], scope: Scope): Promise<FoundSkills> {
  const paths = (await Promise.all([...new Set(folders)].map(skillFiles))).flat();
  const skills: SkillMetadata[] = [];
  const errors: FoundSkills['errors'] = [];
  for (const path of paths) {
    try {
      const head = await readSkillHead(path);
      if (head) skills.push({ ...head, path, scope, enabled: true, pluginId: null });
    } catch (error) {
      errors.push({ path, message: messageOf(error) });
    }
  }
  return { skills: skills.sort((a, b) => (a.name < b.name ? -1 : 1)), errors };
}

async function skillFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const shown = names.filter((name) => !name.startsWith('.')).sort();
  return shown.slice(0, MAX_SKILLS_PER_FOLDER).map((name) => join(folder, name, 'SKILL.md'));
}
