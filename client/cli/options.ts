import { statSync } from 'node:fs';
import { isAbsolute, normalize, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ApprovalPolicy, SandboxMode } from '../../machines/protocol/types/policy.ts';
import { isFarAddress } from '../connection/place.ts';
import { CliError } from './cli-error.ts';

/** The options of a command and of all commands above it: `codex -m x exec` and `codex exec -m x` are the same. */
export interface CliOptions {
  readonly model?: string;
  readonly sandbox?: SandboxMode;
  readonly askForApproval?: ApprovalPolicy;
  readonly cd?: string;
  readonly profile?: string;
  readonly practice?: boolean;
  readonly config?: readonly string[];
  readonly addDir?: readonly string[];
  readonly fullAuto?: boolean;
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  readonly dangerouslyBypassApprovalsAndSandbox?: boolean;
  readonly autostart: boolean;
  readonly remote?: string;
  readonly remoteTokenFile?: string;
}

/** Which server a command talks to. */
export type LinkChoice = Pick<CliOptions, 'autostart' | 'remote' | 'remoteTokenFile'>;

/** What a command line lays over the configuration; it travels with the request (DESIGN §7). */
export interface Overrides {
  readonly model?: string;
  readonly sandbox?: SandboxMode;
  readonly approvalPolicy?: ApprovalPolicy;
  /** Dotted keys with raw text; the daemon reads each as a TOML value, else as a string. */
  readonly config?: Readonly<Record<string, string>>;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function collectPair(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^\s*[^=\s][^=]*=/.test(value)) throw new InvalidArgumentError('write it as key=value.');
  return [...before, value];
}

function collectFeature(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^[A-Za-z0-9_-]+$/.test(value)) throw new InvalidArgumentError('write the name of a feature.');
  return [...before, value];
}

function notEmpty(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('it must not be empty.');
  return value;
}

/** For every command that talks to the daemon. */
export function addLinkOptions(command: Command): Command {
  return command
    .option('--no-autostart', 'fail instead of starting the daemon when it is not running')
    .option('--remote <address>', 'another server: unix://PATH, ws://127.0.0.1:PORT, wss://HOST or ssh://HOST')
    .option('--remote-token-file <file>', 'file with the token of a ws or wss server (else CODEX_REMOTE_TOKEN)');
}

/** For every command that runs a thread. */
export function addThreadOptions(command: Command): Command {
  const sandboxes = ['read-only', 'workspace-write', 'danger-full-access'];
  const policies = ['untrusted', 'on-failure', 'on-request', 'never'];
  return addLinkOptions(command)
    .option('-m, --model <model>', 'model to use', notEmpty)
    .addOption(new Option('-s, --sandbox <mode>', 'what commands may touch').choices(sandboxes))
    .addOption(new Option('-a, --ask-for-approval <policy>', 'when to ask before a command runs').choices(policies))
    .option('-C, --cd <dir>', 'work in this folder')
    .option('--add-dir <dir>', 'another folder that may be written to (repeatable)', collect)
    .option('-p, --profile <name>', 'configuration profile: NAME.config.toml in the home', notEmpty)
    .option(
      '-c, --config <key=value>',
      'override one configuration key; TOML value, else text (repeatable)',
      collectPair,
    )
    .option('--enable <feature>', 'the same as -c features.NAME=true (repeatable)', collectFeature)
    .option('--disable <feature>', 'the same as -c features.NAME=false (repeatable)', collectFeature)
    .option('--practice', 'use the built-in practice model: no account, no network')
    .option('--full-auto', 'work without asking, inside the workspace sandbox')
    .addOption(
      new Option('--dangerously-bypass-approvals-and-sandbox', 'never ask and use no sandbox').conflicts('fullAuto'),
    )
    .addOption(
      new Option('--yolo').hideHelp().conflicts('fullAuto').implies({ dangerouslyBypassApprovalsAndSandbox: true }),
    );
}

/** Options from the outermost command inwards: the inner value wins, lists are joined. */
export function optionsOf(command: Command): CliOptions & Readonly<Record<string, unknown>> {
  const chain: Command[] = [];
  for (let at: Command | null = command; at; at = at.parent) chain.unshift(at);
  const merged: Record<string, unknown> = {};
  for (const one of chain) {
    for (const [key, value] of Object.entries(one.opts())) {
      if (one.getOptionValueSource(key) === 'default') merged[key] ??= value;
      else if (Array.isArray(value)) merged[key] = [...((merged[key] as unknown[] | undefined) ?? []), ...value];
      else merged[key] = value;
    }
  }
  return { autostart: true, ...merged };
}

/** The folder to work in, absolute. On another machine it can only be named. */
export function folderOf(options: CliOptions, cwd: string): string {
  if (options.remote !== undefined && isFarAddress(options.remote)) return farFolder(options.cd);
  if (options.cd === undefined) return cwd;
  const folder = resolve(cwd, options.cd);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new CliError(`-C: there is no folder ${folder}`);
  return folder;
}

function farFolder(cd: string | undefined): string {
  if (cd !== undefined && isAbsolute(cd)) return normalize(cd);
  throw new CliError('say with -C which folder of the other machine to work in, as an absolute path');
}

/** All but `--add-dir`, which thread-overrides.ts adds to what is configured. */
export function overridesOf(options: CliOptions): Overrides {
  const { model, askForApproval, dangerouslyBypassApprovalsAndSandbox: isUnguarded, fullAuto } = options;
  const sandbox = isUnguarded ? 'danger-full-access' : (options.sandbox ?? (fullAuto ? 'workspace-write' : undefined));
  const approvalPolicy = isUnguarded ? 'never' : (askForApproval ?? (fullAuto ? 'on-request' : undefined));
  const config = configOf(options);
  return {
    ...(model === undefined ? {} : { model }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(approvalPolicy === undefined ? {} : { approvalPolicy }),
    ...(Object.keys(config).length === 0 ? {} : { config }),
  };
}

function configOf({ config = [], profile, practice, enable = [], disable = [] }: CliOptions): Record<string, string> {
  const result: Record<string, string> = {};
  const set = (key: string, raw: string): void => {
    delete result[key]; // a key given again moves to its new place: the order of the pairs is their precedence
    result[key] = raw;
  };
  // A JSON string is a TOML string too, so none of these can be misread as another type.
  if (profile !== undefined) set('profile', JSON.stringify(profile));
  if (practice) set('model_provider', JSON.stringify('practice'));
  for (const pair of config) {
    const at = pair.indexOf('=');
    set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  for (const feature of enable) set(`features.${feature}`, 'true');
  for (const feature of disable) set(`features.${feature}`, 'false');
  return result;
}
