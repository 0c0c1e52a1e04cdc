import type { AuthServer } from '../../machines/auth/auth-server.ts';
import type { ProxySettings } from '../../machines/core/proxy.ts';
import { DeadlineError, withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import { redact } from '../log/redact.ts';
import { proxiedFetch, proxyName } from '../proxied-fetch.ts';
import type { LoginLog } from './login-log.ts';

export interface CallDeps {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Hears of each call of a sign-in. */
  readonly note?: LoginLog;
}

export interface Call {
  readonly url: string;
  /** Of the environment of the client that asks. */
  readonly proxy: ProxySettings | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole call, the answer's body included. */
  readonly limitMs: number;
  /** The body of a success is not read when it is not wanted: one that never ends is a success all the same. */
  readonly wantsBody: boolean;
}

export interface Reply {
  readonly status: number;
  readonly isOk: boolean;
  /** Empty when it was not wanted or did not come in time. */
  readonly text: string;
}

/** What an auth server may say at most; more is cut. */
const MAX_BODY_CHARS = 256 * 1024;
const MAX_SAID_CHARS = 300;

/** Headers of calls about tokens that are there already (auth.md §3). */
export function jsonHeaders({ originator, userAgent }: AuthServer): Readonly<Record<string, string>> {
  return { 'content-type': 'application/json', accept: '*/*', originator, 'user-agent': userAgent };
}

/**
 * One POST within one limit. Follows no redirect, which would carry tokens to a host that nobody named. Rejects with
 * an error whose text may be shown: it names what went wrong with the connection and nothing that was sent.
 */
export async function postOnce(deps: CallDeps, call: Call, signal: AbortSignal | null): Promise<Reply> {
  let status = 0;
  try {
    return await withDeadline(signal, call.limitMs, deps.clock, async (limited) => {
      const { url, headers, body } = call;
      const response = await proxiedFetch(call.proxy, deps.fetch)(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal: limited,
      });
      status = response.status;
      deps.note?.('answered', { url, status });
      const isWanted = call.wantsBody || !response.ok;
      if (!isWanted) void response.body?.cancel().catch(() => {});
      return { status, isOk: response.ok, text: isWanted ? await readBody(response) : '' };
    });
  } catch (error) {
    signal?.throwIfAborted();
    // A refusal whose words never end is a refusal all the same.
    if (status >= 300) return { status, isOk: false, text: '' };
    const why = failureText(error, call);
    deps.note?.('not answered', { url: call.url, why });
    throw new Error(why);
  }
}

async function readBody(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BODY_CHARS) break;
  }
  return text.slice(0, MAX_BODY_CHARS);
}

function failureText(error: unknown, { url, proxy, limitMs }: Call): string {
  const name = proxyName(url, proxy);
  return `${connectionText(error, limitMs)}${name === null ? '' : ` (through the proxy ${name})`}`;
}

function connectionText(error: unknown, limitMs: number): string {
  if (error instanceof DeadlineError) return `no answer within ${limitMs / 1000} seconds`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
  return CONNECTION_WORDS[code ?? ''] ?? `the connection failed${code ? ` (${code})` : ''}`;
}

const CONNECTION_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  ENOTFOUND: 'its address could not be found',
  UND_ERR_ABORTED: 'the proxy did not let it through',
  ERR_INVALID_URL: 'its address is not valid',
};

/** A server's words in one short line, without the secrets that it was sent and may repeat. */
export function quoteServer(text: string | null, secrets: readonly string[]): string | null {
  if (text === null) return null;
  const line = redact(text, secrets)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return line.length > MAX_SAID_CHARS ? `${line.slice(0, MAX_SAID_CHARS)}…` : line || null;
}
