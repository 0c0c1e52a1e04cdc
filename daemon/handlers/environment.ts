import { inheritedEnvironment } from '../../machines/exec/child-environment.ts';
import { providerKeys, shellPolicyOf } from '../exec/shell-policy.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig } from '../threads/thread-setup.ts';
import { shellIn } from '../tools/command-place.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

export function environmentHandlers({ registry, home }: HandlerDeps): Pick<Handlers, 'environment/read'> {
  return {
    'environment/read': async ({ threadId }, { connection }) => {
      const { settings, overrides } = await registry.load(threadId);
      registry.release(threadId);
      const { variables, umask } = environmentOf(connection, home);
      const { config } = await readConfig(home, settings.cwd, overrides.config ?? {});
      const given = inheritedEnvironment(variables, shellPolicyOf(config), providerKeys(config));
      return {
        isOwn: connection.facts?.environment != null,
        cwd: settings.cwd,
        shell: shellIn(variables),
        umask,
        variables: Object.keys(given).sort(),
        withheld: Object.keys(variables)
          .filter((name) => !Object.hasOwn(given, name))
          .sort(),
      };
    },
  };
}
