import { existsSync } from 'node:fs';
import { VERSION } from '../../machines/core/version.ts';
import type { AccountStore } from '../../machines/protocol/methods/account.ts';
import type { DaemonStatus } from '../../machines/protocol/methods/daemon.ts';
import type { McpServerStatus } from '../../machines/protocol/methods/mcp-server.ts';
import { type AccountAnswer, accountName, storeName } from '../account/account-text.ts';
import { sanitizeRow } from '../tui/view/sanitize.ts';

export type CheckLevel = 'ok' | 'warn' | 'fail';

/** One line of `codex doctor`. */
export interface Check {
  readonly name: string;
  readonly level: CheckLevel;
  readonly detail: string;
  /** What to do about it, with the exact command where there is one. */
  readonly mend: string | null;
}

const ok = (name: string, detail: string): Check => ({ name, level: 'ok', detail, mend: null });
const warn = (name: string, detail: string, mend: string | null): Check => ({ name, level: 'warn', detail, mend });
const fail = (name: string, detail: string, mend: string | null): Check => ({ name, level: 'fail', detail, mend });

export function checkNode(version: string): Check {
  const major = Number.parseInt(version.replace(/^v/, ''), 10);
  if (major >= 20) return ok('node', version);
  return fail('node', `${version} is too old`, 'install Node.js 20 or newer');
}

export function checkHome(home: string): Check {
  return existsSync(home) ? ok('home', home) : warn('home', `${home} does not exist yet`, 'the daemon creates it');
}

/** @param mode permission bits of the socket file, or null when there is none */
export function checkSocket(path: string, mode: number | null): Check {
  if (mode === null) return warn('socket', `${path} does not exist`, 'run `codex daemon start`');
  if (mode & 0o077) return fail('socket', `${path} is open to others`, `run \`chmod 600 ${path}\``);
  return ok('socket', path);
}

export function checkDaemon(status: DaemonStatus | null): Check {
  if (!status) return warn('daemon', 'not running', 'run `codex daemon start`');
  const detail = `pid ${status.pid}, build ${status.build}`;
  if (status.build === VERSION) return ok('daemon', detail);
  return warn('daemon', `${detail}, but this client is ${VERSION}`, 'run `codex daemon restart`');
}

export function checkSandbox({ sandbox }: DaemonStatus): Check {
  if (sandbox.available) return ok('sandbox', sandbox.kind ?? 'available');
  return fail('sandbox', sandbox.reason ?? 'not available', sandbox.mend);
}

/** A file will do, so a missing keyring is worth a line and no more. @param store undefined: not told */
export function checkKeyring({ keyring }: DaemonStatus, store?: AccountStore): Check {
  if (keyring.available) return ok('keyring', 'available');
  const isFile = store === undefined || store.kind === 'file';
  const place = isFile ? 'credentials are kept in auth.json (mode 0600)' : null;
  return warn('keyring', keyring.reason ?? 'not available', place);
}

/** @param config the merged configuration, or why it cannot be read */
export function checkConfig(config: Readonly<Record<string, unknown>> | Error): Check {
  if (config instanceof Error) return fail('config', config.message, 'mend that file');
  return ok('config', `${Object.keys(config).length} keys`);
}

/** Whether the configured provider's key is in this shell: the daemon uses the variables of the client that asks. */
export function checkProvider(
  config: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Check {
  const { model_provider: name, model, model_providers: providers } = config;
  if (typeof name !== 'string') return ok('provider', 'openai (the default)');
  const entry = (providers as Readonly<Record<string, { readonly env_key?: unknown } | undefined>> | undefined)?.[name];
  const key = entry?.env_key;
  if (typeof key === 'string' && !env[key]) {
    return fail('provider', `${name} needs ${key}, which is not set here`, `run \`export ${key}=…\``);
  }
  return ok('provider', typeof model === 'string' ? `${name}, model ${model}` : name);
}

/** The configured MCP servers, one line for each that does not run; none at all when none is configured. */
export function checkMcp(servers: readonly McpServerStatus[] | Error): readonly Check[] {
  if (servers instanceof Error) return [warn('mcp', servers.message, 'look with `/mcp` in the interface')];
  const used = servers.filter(({ runtimeStatus }) => runtimeStatus !== 'disabled');
  if (used.length === 0) return [];
  const notRunning = used.filter(({ runtimeStatus }) => runtimeStatus !== 'connected');
  if (notRunning.length === 0) return [ok('mcp', `${used.length} of ${used.length} servers run`)];
  return notRunning.map((server) => warn('mcp', sanitizeRow(whyNot(server)), mendOf(server)));
}

function whyNot({ name, runtimeStatus, toolsError }: McpServerStatus): string {
  if (runtimeStatus === 'authenticationRequired') return `${name} wants a sign-in`;
  if (runtimeStatus === 'starting') return `${name} has not started yet`;
  return `${name} failed: ${toolsError ?? 'no reason is known'}`;
}

const mendOf = ({ name, runtimeStatus }: McpServerStatus): string =>
  runtimeStatus === 'authenticationRequired' ? `run \`codex mcp login ${name}\`` : `look at \`codex mcp get ${name}\``;

/** Where the sign-in is kept, and why it is not where the configuration would have it. */
export function checkStore(store: AccountStore): Check {
  const kept = `credentials are kept in ${storeName(store)}`;
  if (store.reason === null) return ok('store', kept);
  return warn('store', `${kept}, though the setting is "${store.mode}": ${store.reason}`, null);
}

/** The practice model needs nothing, and so do providers with a key of their own. */
export function checkCredentials(answer: AccountAnswer): Check {
  const { account, error, requiresOpenaiAuth, maskedKey, state, reason } = answer;
  if (error && !account) return fail('credentials', error, 'run `codex login`');
  if (state === 'expired') return warn('credentials', `expired${reason ? `: ${reason}` : ''}`, 'run `codex login`');
  const problem = state === 'error' ? (reason ?? error) : error;
  if (account && problem) return warn('credentials', problem, null);
  if (account?.type === 'apiKey') return ok('credentials', `API key ${maskedKey ?? '***'}`);
  if (account) return ok('credentials', accountName(account));
  if (!requiresOpenaiAuth) return ok('credentials', 'the provider needs none of ours');
  return warn(
    'credentials',
    'not logged in, and the provider wants it',
    'run `codex login`, or `printenv OPENAI_API_KEY | codex login --with-api-key`',
  );
}

export const unchecked = (name: string): Check => warn(name, 'not checked: the daemon is not running', null);
