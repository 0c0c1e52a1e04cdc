import { statSync } from 'node:fs';
import { ConfigError } from '../../machines/config/config-error.ts';
import type { Config } from '../../machines/config/config-schema.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { DEFAULT_MODEL } from '../../machines/model/models.ts';
import { findProvider, type Provider } from '../../machines/model/provider.ts';
import { dividePolicy, type OwnPolicy, type Policy } from '../../machines/policy/own-policy.ts';
import type { SandboxPolicy } from '../../machines/policy/sandbox.ts';
import type { ApprovalPolicy, SandboxMode } from '../../machines/protocol/types/policy.ts';
import type { ThreadSettings } from '../../machines/protocol/types/thread.ts';
import { openQuestions } from '../../machines/thread/reopen.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';
import { parseTomlValue } from '../config/config-layer.ts';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { chosenSettings, loggedMode, loggedSettings } from './logged-settings.ts';

/** What a client asks a thread to run with; null leaves it to the configuration. */
export interface ThreadOverrides {
  readonly model?: string | null | undefined;
  readonly modelProvider?: string | null | undefined;
  readonly cwd?: string | null | undefined;
  readonly approvalPolicy?: ApprovalPolicy | null | undefined;
  readonly sandbox?: SandboxMode | null | undefined;
  readonly effort?: string | null | undefined;
  /** `-c key=value` pairs. */
  readonly config?: Readonly<Record<string, unknown>> | null | undefined;
  readonly developerInstructions?: string | null | undefined;
  readonly baseInstructions?: string | null | undefined;
}

export interface ThreadSetup {
  /** For everybody: what is looser than the configuration is in `own`. */
  readonly settings: ThreadSettings;
  /** What the client that asks gets for its own turns. */
  readonly own: OwnPolicy;
  readonly provider: Provider;
  readonly loaded: LoadedConfig;
}

/** Where a thread or turn works, and as whom: the client's folder and variables. */
export interface WorkPlace {
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Picks the provider when no request names one (daemon/model/practice/choose-provider.ts). */
export type ChooseProvider = (config: Config, variables: WorkPlace['variables']) => Promise<string>;

/**
 * Settings of a thread or a turn: overrides over configuration over defaults.
 * @throws RpcError configInvalid, providerNotFound, folderMissing
 */
export async function setUpThread(
  home: string,
  { cwd, variables }: WorkPlace,
  overrides: ThreadOverrides,
  chooseProvider: ChooseProvider,
): Promise<ThreadSetup> {
  requireFolder(cwd);
  const loaded = await readConfig(home, cwd, overrides.config ?? {});
  const { config } = loaded;
  const providerId = overrides.modelProvider ?? (await chooseProvider(config, variables));
  const provider = findProvider(providerId, {
    modelProviders: config.model_providers,
    openaiBaseUrl: config.openai_base_url,
  });
  // What nobody asked for in this request: the files alone.
  const files = Object.keys(overrides.config ?? {}).length === 0 ? loaded : await readConfig(home, cwd, {});
  const { shared, own } = dividePolicy(policyOf({}, files), policyOf(overrides, loaded));
  return {
    provider,
    loaded,
    own,
    settings: {
      model: overrides.model ?? (provider.isEmbedded ? provider.id : (config.model ?? DEFAULT_MODEL)),
      modelProvider: provider.id,
      effort: overrides.effort ?? config.model_reasoning_effort ?? null,
      ...shared,
      cwd,
      mode: 'default',
      modeInstructions: null,
    },
  };
}

function policyOf(
  { approvalPolicy, sandbox }: Pick<ThreadOverrides, 'approvalPolicy' | 'sandbox'>,
  { config, trust }: LoadedConfig,
): Policy {
  const usual = trust.level === 'trusted' ? 'workspace-write' : 'read-only';
  return {
    approvalPolicy: approvalPolicy ?? config.approval_policy ?? 'on-request',
    sandboxPolicy: toSandboxPolicy(sandbox ?? config.sandbox_mode ?? usual, config),
  };
}

/** @throws RpcError configInvalid with file, line and column in one line */
export async function readConfig(
  home: string,
  cwd: string,
  pairs: Readonly<Record<string, unknown>>,
): Promise<LoadedConfig> {
  const { profile, ...overrides } = pairs;
  return loadConfig({ home, cwd, overrides, profile: profileOf(profile) }).catch(asConfigInvalid);
}

/** The name as it was given, or as a TOML text. */
function profileOf(given: unknown): string | null {
  const value = typeof given === 'string' ? (parseTomlValue(given) ?? given) : null;
  return typeof value === 'string' ? value : null;
}

/** A broken configuration as the error that crosses the wire: file, line and column in one line. */
export function asConfigInvalid(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error;
  throw new RpcError('configInvalid', error.message, { cause: error });
}

/** A mode made a policy with the configuration's details (agent.md §10). Also used when a client switches the mode. */
export function toSandboxPolicy(mode: SandboxMode, config: Config): SandboxPolicy & ThreadSettings['sandboxPolicy'] {
  const details = config.sandbox_workspace_write ?? {};
  if (mode === 'danger-full-access') return { type: 'dangerFullAccess' };
  if (mode === 'read-only') return { type: 'readOnly', networkAccess: false };
  return {
    type: 'workspaceWrite',
    writableRoots: [...(details.writable_roots ?? [])],
    networkAccess: details.network_access ?? false,
    excludeTmpdirEnvVar: details.exclude_tmpdir_env_var ?? false,
    excludeSlashTmp: details.exclude_slash_tmp ?? false,
  };
}

const MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const RANKS = { readOnly: 0, workspaceWrite: 1, dangerFullAccess: 2 } as const;

/** A thread that is loaded without being asked to change, after a restart say, may not do more than it did before. */
export function notMoreThan(setup: ThreadSetup, lastMode: unknown): ThreadSetup {
  const { settings, loaded } = setup;
  const last = (MODES as readonly unknown[]).indexOf(lastMode);
  const mode = MODES[last];
  if (mode === undefined || last >= RANKS[settings.sandboxPolicy.type]) return setup;
  return { ...setup, settings: { ...settings, sandboxPolicy: toSandboxPolicy(mode, loaded.config) } };
}

/** @throws RpcError folderMissing */
export function requireFolder(cwd: string): void {
  if (isFolder(cwd)) return;
  throw new RpcError(
    'folderMissing',
    `the working folder ${cwd} does not exist. Start from another folder, or name one with -C.`,
  );
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Missing, not to be read, or no path at all.
    return false;
  }
}

/** The provider stays the one that the thread was started with, unless it is gone or another one is asked for. */
export async function setUpStored(
  { home, chooseProvider }: { readonly home: string; readonly chooseProvider: ChooseProvider },
  record: ThreadRecord,
  overrides: ThreadOverrides,
  variables: WorkPlace['variables'],
): Promise<ThreadSetup> {
  const { meta, lastContext } = record;
  const chosen = chosenSettings(record);
  const place = { cwd: overrides.cwd ?? chosen?.cwd ?? lastContext?.cwd ?? meta?.cwd ?? home, variables };
  const setUp = (modelProvider: string | null | undefined) =>
    setUpThread(home, place, { ...overrides, modelProvider }, chooseProvider);
  const wanted = overrides.modelProvider ?? (overrides.config?.model_provider ? null : meta?.model_provider);
  const setup = await setUp(wanted).catch((error: unknown) => {
    if (error instanceof RpcError && error.errorName === 'providerNotFound') return setUp(overrides.modelProvider);
    throw error;
  });
  const lastMode = chosen ? MODES[RANKS[chosen.sandboxPolicy.type]] : lastContext?.sandbox_policy?.type;
  const allowed = overrides.sandbox ? setup : notMoreThan(setup, lastMode);
  const { mode, modeInstructions } = chosen ?? loggedMode(lastContext);
  const settings = { ...allowed.settings, mode, modeInstructions };
  // A client that comes back after a restart asks for nothing: it finds the model that the last turn ran with, or that
  // was chosen since.
  const isAsked = Object.keys(overrides).length > 0 || settings.modelProvider !== meta?.model_provider;
  if (isAsked && openQuestions(record).length === 0) return { ...allowed, settings };
  const last = loggedSettings(lastContext, settings);
  return {
    ...allowed,
    settings: chosen ? { ...last, cwd: chosen.cwd, model: chosen.model, effort: chosen.effort } : last,
  };
}
