import { join } from 'node:path';
import { ConfigEditError } from '../../machines/config/edit-config.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { requireAbsolute } from '../absolute-path.ts';
import { writeConfig } from '../config/write-config.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { findSkills, switchedOff } from '../skills/find-skills.ts';
import { asConfigInvalid, readConfig } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type SkillsMethods = 'skills/list' | 'skills/config/write' | 'skills/extraRoots/set';

export function skillsHandlers({ home, broadcast, skillRoots }: HandlerDeps): Pick<Handlers, SkillsMethods> {
  async function listFor(connection: Connection, cwd: string) {
    const { variables } = environmentOf(connection, home);
    const { config } = await readConfig(home, cwd, {});
    const userHome = variables.HOME ?? null;
    return { cwd, ...(await findSkills({ home, userHome, cwd, extraRoots: skillRoots.extra, config })) };
  }
  const tellAll = () => broadcast.toAll({ method: 'skills/changed', params: {} });
  return {
    'skills/list': async ({ cwds }, { connection }) => {
      const folders = cwds?.length ? cwds : [environmentOf(connection, home).cwd];
      return { data: await Promise.all(folders.map((cwd) => listFor(connection, cwd))) };
    },
    'skills/config/write': async ({ enabled, name, path }, { afterReply }) => {
      const which = name != null && path == null ? { name } : path != null && name == null ? { path } : null;
      if (which === null) {
        throw new RpcError('invalidArgument', 'skills/config/write requires exactly one of path or name');
      }
      const effectiveEnabled = await write(home, which.path ? { path: requireAbsolute(which.path) } : which, enabled);
      afterReply(tellAll);
      return { effectiveEnabled };
    },
    'skills/extraRoots/set': ({ extraRoots }, { afterReply }) => {
      skillRoots.extra = extraRoots.map(requireAbsolute);
      afterReply(tellAll);
      return {};
    },
  };
}

/** Off is an entry, on is none (as in the reference). @returns whether it is on now */
async function write(home: string, which: { path?: string; name?: string }, enabled: boolean): Promise<boolean> {
  const { layers } = await readConfig(home, home, {});
  const { skills } = (layers.find(({ name }) => name === 'user')?.raw ?? {}) as {
    skills?: { config?: { path?: string; name?: string; enabled?: boolean }[] };
  };
  const others = (skills?.config ?? []).filter(({ path, name }) => path !== which.path || name !== which.name);
  const config = enabled ? others : [...others, { ...which, enabled }];
  const isEmpty = config.length === 0 && Object.keys(skills ?? {}).every((key) => key === 'config');
  const change = isEmpty
    ? { path: ['skills'], value: null }
    : { path: ['skills', 'config'], value: config.length === 0 ? null : config };
  try {
    await writeConfig(join(home, 'config.toml'), [change]);
  } catch (error) {
    if (error instanceof ConfigEditError) throw new RpcError('configInvalid', error.message, { cause: error });
    asConfigInvalid(error);
  }
  const { config: now } = await readConfig(home, home, {});
  return !switchedOff(now)({ path: which.path ?? '', name: which.name ?? '' });
}
