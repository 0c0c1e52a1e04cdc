import type { Config } from '../../machines/config/config-schema.ts';
import { type Limits, limitsOf } from '../limits.ts';
import { loadConfig } from './load-config.ts';

/** What the configuration says about the daemon itself; read once, at its start. */
export interface OwnSettings {
  readonly idleExitMinutes: number;
  /** Whether plain clients of the reference shall find this daemon (DESIGN §2). */
  readonly controlSocket: boolean;
  readonly credentialsStore: NonNullable<Config['cli_auth_credentials_store']>;
  readonly limits: Limits;
}

const DEFAULT_IDLE_EXIT_MINUTES = 60;

/** A configuration that cannot be read must not keep the daemon down: each request that needs it says what is wrong. */
export async function readOwnSettings(home: string): Promise<OwnSettings> {
  const config = await loadConfig({ home, cwd: home })
    .then((loaded) => loaded.config)
    .catch(() => ({}) as Config);
  return {
    idleExitMinutes: config.daemon?.idle_exit_minutes ?? DEFAULT_IDLE_EXIT_MINUTES,
    controlSocket: config.daemon?.control_socket ?? false,
    credentialsStore: config.cli_auth_credentials_store ?? 'file',
    limits: limitsOf(config),
  };
}
