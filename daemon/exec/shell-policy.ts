import type { Config } from '../../machines/config/config-schema.ts';
import type { ShellEnvironmentPolicy } from '../../machines/exec/child-environment.ts';
import { listProviders } from '../../machines/model/provider.ts';

/** `shell_environment_policy` of a configuration, with what holds when it says nothing (agent.md §7). */
export function shellPolicyOf({ shell_environment_policy: given = {} }: Config): ShellEnvironmentPolicy {
  return {
    inherit: given.inherit ?? 'all',
    ignoreDefaultExcludes: given.ignore_default_excludes ?? true,
    exclude: given.exclude ?? [],
    includeOnly: given.include_only ?? [],
    set: given.set ?? {},
  };
}

/** The variables that hold keys of the configured providers: no command sees them (DESIGN §3). */
export function providerKeys(config: Config): readonly string[] {
  const providers = listProviders({ modelProviders: config.model_providers, openaiBaseUrl: config.openai_base_url });
  return [...providers.values()].flatMap(({ envKey }) => (envKey === null ? [] : [envKey]));
}
