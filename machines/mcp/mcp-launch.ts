import { type ProxySettings, proxySettingsOf } from '../core/proxy.ts';
import type { McpServerConfig } from './mcp-config.ts';

/** How a server is reached, with all of its client's environment that it needs: equal launches are one server. */
export type McpLaunch =
  | {
      readonly kind: 'stdio';
      readonly name: string;
      readonly argv: readonly string[];
      /** Absolute. */
      readonly cwd: string;
      /** The whole environment of its process. */
      readonly env: Readonly<Record<string, string>>;
      readonly umask: number;
    }
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly proxy: ProxySettings | null;
    };

/** Where the thread works, and the environment of the client whose turn it is. */
export interface McpPlace {
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly umask: number;
}

/**
 * What every program needs of its person's environment. Not the terminal: a server talks over pipes, and two terminals
 * shall share it.
 */
const USUAL_NAMES = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TMPDIR', 'TZ'] as const;
/** Our own credentials: no setting passes them on (DESIGN §3). */
const NEVER = new Set(['CODEX_API_KEY', 'CODEX_ACCESS_TOKEN']);

/** @throws Error in words for a person, when the configuration or the environment lacks something */
export function toLaunch(name: string, config: McpServerConfig, place: McpPlace): McpLaunch {
  if (config.command !== undefined) return toStdio(name, config, config.command, place);
  if (config.url !== undefined) return toHttp(name, config, config.url, place);
  throw new Error('it has neither a command nor a url');
}

function toStdio(name: string, config: McpServerConfig, command: string, place: McpPlace): McpLaunch {
  const wanted = [...USUAL_NAMES, ...(config.env_vars ?? []).map(nameOf)];
  const env = { ...pick(place.variables, wanted), ...config.env };
  const { umask, cwd } = place;
  return { kind: 'stdio', name, argv: [command, ...(config.args ?? [])], cwd: joined(cwd, config.cwd), env, umask };
}

const nameOf = (entry: string | { readonly name: string }): string => (typeof entry === 'string' ? entry : entry.name);

const joined = (cwd: string, own: string | undefined): string =>
  own === undefined ? cwd : own.startsWith('/') ? own : `${cwd}/${own}`;

function pick(variables: McpPlace['variables'], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variables[name];
      return value === undefined || NEVER.has(name) ? [] : [[name, value]];
    }),
  );
}

function toHttp(name: string, config: McpServerConfig, url: string, { variables }: McpPlace): McpLaunch {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new Error('its url is no http or https address');
  const fromEnvironment = Object.entries(config.env_http_headers ?? {}).flatMap(([header, variable]) => {
    const value = NEVER.has(variable) ? undefined : variables[variable];
    return value === undefined || value === '' ? [] : [[header, value] as const];
  });
  const headers = { ...config.http_headers, ...Object.fromEntries(fromEnvironment) };
  const token = tokenOf(config, variables);
  return {
    kind: 'http',
    name,
    url,
    headers: token === null ? headers : { ...headers, authorization: `Bearer ${token}` },
    proxy: proxySettingsOf(variables),
  };
}

function tokenOf({ bearer_token_env_var: name }: McpServerConfig, variables: McpPlace['variables']): string | null {
  if (name === undefined) return null;
  const token = NEVER.has(name) ? undefined : variables[name]?.trim();
  if (!token) throw new Error(`the environment variable ${name}, which holds its token, is not set`);
  return token;
}

/** Values of a launch that must not be seen in a message: everything but what the usual variables hold. */
export function secretsOf(launch: McpLaunch): readonly string[] {
  if (launch.kind === 'http') return Object.values(launch.headers).map((value) => value.replace(/^Bearer /, ''));
  const usual: ReadonlySet<string> = new Set(USUAL_NAMES);
  return Object.entries(launch.env).flatMap(([name, value]) => (usual.has(name) ? [] : [value]));
}
