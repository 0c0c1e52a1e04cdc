/** The proxies that an environment asks for. Values as they were written: an address may hold a password. */
export interface ProxySettings {
  /** For `http://` addresses; null: none. */
  readonly http: string | null;
  /** For `https://` addresses; null: none. */
  readonly https: string | null;
  /** Hosts that are asked directly, separated by commas. */
  readonly exceptions: string;
}

/** `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of a client, also in lower case; null when none is set. */
export function proxySettingsOf(variables: Readonly<Record<string, string | undefined>>): ProxySettings | null {
  const of = (name: string) => variables[name]?.trim() || variables[name.toUpperCase()]?.trim() || null;
  const all = of('all_proxy');
  const [http, https] = [of('http_proxy') ?? all, of('https_proxy') ?? all];
  return http === null && https === null ? null : { http, https, exceptions: of('no_proxy') ?? '' };
}

/** The same without names and passwords, fit to be stored or shown. */
export function withoutPasswords({ http, https, exceptions }: ProxySettings): ProxySettings {
  return { http: http && withoutPassword(http), https: https && withoutPassword(https), exceptions };
}

const withoutPassword = (address: string): string => address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/i, '$1');
