import * as v from 'valibot';
import type { AuthServer } from '../../machines/auth/auth-server.ts';
import { CALL_LIMIT_MS } from '../../machines/auth/auth-types.ts';
import type { SignIn } from '../../machines/auth/credentials.ts';
import { readIdClaims } from '../../machines/auth/id-token.ts';
import { parseJson } from '../../machines/auth/parse-json.ts';
import { parseServerError } from '../../machines/auth/server-error.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { type CallDeps, postOnce, quoteServer } from './token-call.ts';

/** Three times the time of a refresh: the person waits before the browser, and the code is good only once. */
const EXCHANGE_LIMIT_MS = 3 * CALL_LIMIT_MS;
const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: '*/*' };

export interface CodeFacts {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly server: AuthServer;
}

const filled = v.pipe(v.string(), v.nonEmpty());
const exchanged = v.object({ id_token: filled, access_token: filled, refresh_token: v.string() });
const keyGiven = v.object({ access_token: filled });

/** Trades the code for tokens (auth.md §4). @throws RpcError `loginFailed` */
export async function exchangeCode(deps: CallDeps, facts: CodeFacts, signal: AbortSignal | null) {
  const { code, verifier, redirectUri, server } = facts;
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: server.clientId,
    code_verifier: verifier,
  });
  const reply = await postForm(deps, server, body, signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw failed(messageOf(error));
  });
  if (!reply.isOk) {
    const said = quoteServer(parseServerError(reply.text).message, [code, verifier]);
    throw failed(`the auth server answered ${reply.status}${said ? `: ${said}` : ''}`);
  }
  const tokens = v.safeParse(exchanged, parseJson(reply.text));
  if (!tokens.success || readIdClaims(tokens.output.id_token) === null) {
    throw failed('the answer of the auth server cannot be read');
  }
  const { id_token: idToken, access_token: accessToken, refresh_token: refreshToken } = tokens.output;
  return { kind: 'chatgpt', idToken, accessToken, refreshToken, apiKey: null } as const satisfies SignIn;
}

/** An API key for a fresh id token; null when there is none to be had, for whatever reason. */
export async function exchangeApiKey(
  deps: CallDeps,
  server: AuthServer,
  idToken: string,
  signal: AbortSignal | null,
): Promise<string | null> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: server.clientId,
    requested_token: 'openai-api-key',
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
  const reply = await postForm(deps, server, body, signal).catch(() => {
    signal?.throwIfAborted();
    return null;
  });
  const parsed = v.safeParse(keyGiven, reply?.isOk ? parseJson(reply.text) : null);
  return parsed.success ? parsed.output.access_token : null;
}

function postForm(deps: CallDeps, { issuer, proxy }: AuthServer, body: URLSearchParams, signal: AbortSignal | null) {
  const call = {
    url: `${issuer}/oauth/token`,
    proxy,
    headers: FORM,
    body: body.toString(),
    limitMs: EXCHANGE_LIMIT_MS,
    wantsBody: true,
  };
  return postOnce(deps, call, signal);
}

function failed(why: string): RpcError {
  return new RpcError('loginFailed', `Token exchange failed: ${why}`);
}
