import type { McpAuthStatus } from '../../machines/protocol/methods/mcp-oauth.ts';
import { sanitizeRow } from '../tui/view/sanitize.ts';
import { tableText } from './table.ts';

/** A server as it stands in the configuration, and how it is signed in to. */
export interface McpEntry {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly authStatus: McpAuthStatus;
}

/** In the members of scripts, and for people. */
const AUTH: Readonly<Record<McpAuthStatus, { readonly json: string; readonly word: string }>> = {
  unknown: { json: 'unknown', word: 'unknown' },
  unsupported: { json: 'unsupported', word: '-' },
  notLoggedIn: { json: 'not_logged_in', word: 'not signed in' },
  bearerToken: { json: 'bearer_token', word: 'token' },
  oAuth: { json: 'o_auth', word: 'signed in' },
};

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const table = (value: unknown): Record<string, string> | null =>
  typeof value === 'object' && value !== null ? (value as Record<string, string>) : null;

/** One server for scripts, in the reference's members. */
export function mcpJson({ name, config, authStatus }: McpEntry): Record<string, unknown> {
  return {
    name,
    enabled: config.enabled !== false,
    transport: transportOf(config),
    startup_timeout_sec: config.startup_timeout_sec ?? null,
    tool_timeout_sec: config.tool_timeout_sec ?? null,
    enabled_tools: config.enabled_tools ?? null,
    disabled_tools: config.disabled_tools ?? null,
    auth_status: AUTH[authStatus].json,
  };
}

function transportOf(config: McpEntry['config']): Record<string, unknown> {
  if (text(config.url) !== null) {
    return {
      type: 'streamable_http',
      url: config.url,
      bearer_token_env_var: text(config.bearer_token_env_var),
      http_headers: table(config.http_headers),
      env_http_headers: table(config.env_http_headers),
    };
  }
  return {
    type: 'stdio',
    command: text(config.command),
    args: texts(config.args),
    env: table(config.env),
    env_vars: config.env_vars ?? [],
    cwd: text(config.cwd),
  };
}

/** A table of servers, one line each, without a line break at the end. */
export function mcpTable(servers: readonly McpEntry[], columns: number): string {
  const rows = servers.map(({ name, config, authStatus }) => [
    name,
    stateOf(config),
    AUTH[authStatus].word,
    wayOf(config),
  ]);
  return tableText([['NAME', 'STATE', 'AUTH', 'PROGRAM OR ADDRESS'], ...rows], columns);
}

/** Everything about one server; values that may be secret are not shown. */
export function mcpDetails({ name, config, authStatus }: McpEntry): string {
  const secrets = Object.keys({ ...table(config.env), ...table(config.http_headers) });
  const named = [...texts(config.env_vars), text(config.bearer_token_env_var) ?? []].flat();
  const known = new Set([
    'command',
    'args',
    'url',
    'env',
    'env_vars',
    'http_headers',
    'bearer_token_env_var',
    'enabled',
  ]);
  const rest = Object.entries(config).filter(([key]) => !known.has(key));
  const rows = [
    ['name', name],
    ['state', stateOf(config)],
    ['starts', wayOf(config)],
    ...(authStatus === 'unsupported' ? [] : [['auth', AUTH[authStatus].word]]),
    ...secrets.map((key) => ['sets', `${key}=•••`]),
    ...named.map((key) => ['passes on', key]),
    ...rest.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ];
  return rows.map(([label = '', value = '']) => `${label.padEnd(12)} ${sanitizeRow(value)}`).join('\n');
}

/** What the configuration alone says. */
export function plainAuthStatus({ url, bearer_token_env_var: token }: McpEntry['config']): McpAuthStatus {
  if (text(url) === null) return 'unsupported';
  return text(token) === null ? 'unknown' : 'bearerToken';
}

const stateOf = ({ enabled }: McpEntry['config']): string => (enabled === false ? 'disabled' : 'enabled');

const wayOf = ({ url, command, args }: McpEntry['config']): string =>
  sanitizeRow(text(url) ?? [text(command) ?? '', ...texts(args)].join(' '));
