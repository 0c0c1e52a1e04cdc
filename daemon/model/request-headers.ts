import { missingEnvVar, signInFailed } from '../../machines/model/classify-failure.ts';
import { ModelError } from '../../machines/model/failure.ts';
import type { Provider } from '../../machines/model/provider.ts';

/** What a request identifies itself with. `accountId` is set for a ChatGPT sign-in alone. */
export type ModelAuth =
  | { readonly kind: 'bearer'; readonly token: string; readonly accountId: string | null }
  | { readonly kind: 'none' };

/** The environment of the client that submitted the turn, never the daemon's own (agent.md §20, trap 9). */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface HeaderInput {
  readonly provider: Provider;
  readonly auth: ModelAuth;
  readonly env: Environment;
  readonly threadId: string;
  readonly userAgent: string;
  readonly originator: string;
  /** For requests that are not the main thread's: `x-openai-subagent` and the like. */
  readonly extra: Readonly<Record<string, string>>;
}

/**
 * All headers of a request (agent.md §2.1): what is not here is not sent, whatever the SDK or its environment
 * variables would add. Throws `ModelError` when a value cannot be a header, without repeating the value.
 */
export function requestHeaders(input: HeaderInput): Headers {
  const { provider, auth, threadId } = input;
  try {
    return new Headers({
      ...provider.httpHeaders,
      ...headersFromEnv(provider, input.env),
      ...input.extra,
      accept: 'text/event-stream',
      'content-type': 'application/json',
      originator: input.originator,
      'user-agent': input.userAgent,
      'session-id': threadId,
      'thread-id': threadId,
      'x-client-request-id': threadId,
      ...(auth.kind === 'bearer' && { authorization: `Bearer ${auth.token}` }),
      ...(auth.kind === 'bearer' && auth.accountId !== null && { 'chatgpt-account-id': auth.accountId }),
    });
  } catch {
    // The error of `Headers` quotes the value, which may be the key: neither kept as cause nor shown.
    throw new ModelError(
      signInFailed(`The key or a header of provider \`${provider.id}\` holds characters that HTTP does not allow.`),
    );
  }
}

/** The key named by `env_key`; null when the provider has none. Throws `ModelError` when it is not set (agent.md §2.3). */
export function authFromEnv(provider: Provider, env: Environment): ModelAuth | null {
  if (provider.envKey === null) return null;
  const token = env[provider.envKey]?.trim();
  if (!token) throw new ModelError(missingEnvVar(provider.envKey, provider.envKeyInstructions));
  return { kind: 'bearer', token, accountId: null };
}

/** A variable that is not set leaves its header out. */
function headersFromEnv({ envHttpHeaders }: Provider, env: Environment): Record<string, string> {
  const set = Object.entries(envHttpHeaders).flatMap(([name, variable]) => {
    const value = env[variable]?.trim();
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(set);
}

/** Shorter values are no secrets, and replacing them would garble ordinary words. */
const MIN_SECRET_LENGTH = 8;

/** Removes from a server's answer what the request carried of secrets, should the server repeat it. */
export function redactSecrets(text: string, { provider, auth, env }: HeaderInput): string {
  const secrets = [
    ...(auth.kind === 'bearer' ? [auth.token] : []),
    ...Object.values(headersFromEnv(provider, env)),
    ...Object.values(provider.httpHeaders),
    ...Object.values(provider.queryParams),
  ].filter((secret) => secret.length >= MIN_SECRET_LENGTH);
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);
}
