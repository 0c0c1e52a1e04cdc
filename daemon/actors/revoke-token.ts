import { fromPromise } from 'xstate';
import { type AuthServer, CLIENT_ID, DEFAULT_SERVER } from '../../machines/auth/auth-server.ts';
import { CALL_LIMIT_MS, type Logout } from '../../machines/auth/auth-types.ts';
import { type Credentials, revocableToken } from '../../machines/auth/credentials.ts';
import { parseServerError } from '../../machines/auth/server-error.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { type CallDeps, jsonHeaders, postOnce, quoteServer } from '../auth/token-call.ts';
import { codeOf } from '../store/auth-file.ts';
import type { WithAuthLock } from '../store/auth-lock.ts';
import type { AuthStore } from '../store/auth-store.ts';
import type { LogoutMarker } from '../store/logout-marker.ts';

export interface RevokeDeps extends CallDeps {
  readonly store: AuthStore;
  readonly marker: LogoutMarker;
  readonly withLock: WithAuthLock;
  readonly warn: (what: string, error: unknown) => void;
}

/**
 * Revokes what is stored, whatever it is by now, and answers what it revoked. One attempt; anything but a 2xx rejects
 * with `revokeFailed`. The lock keeps another daemon from renewing the token meanwhile (auth.md §7).
 */
export function createRevokeToken(deps: RevokeDeps) {
  return fromPromise<Credentials | null, { credentials: Credentials | null; logout: Logout | null }>(
    ({ input: { logout }, signal }) =>
      deps.withLock(async () => {
        signal.throwIfAborted();
        const stored = await deps.store.load();
        const revocable = revocableToken(stored);
        if (!revocable) return stored;
        await revokeNoted(deps, revocable, logout, signal);
        return stored;
      }),
  );
}

type Revocable = NonNullable<ReturnType<typeof revocableToken>>;

async function revokeNoted(
  deps: RevokeDeps,
  revocable: Revocable,
  logout: Logout | null,
  signal: AbortSignal,
): Promise<void> {
  const { marker } = deps;
  const server = logout?.server ?? DEFAULT_SERVER;
  await marker.write('intended', revocable.token, server).catch((error: unknown) => {
    const why = `nothing was revoked, because a note of the logout could not be written (${codeOf(error)})`;
    throw new RpcError('revokeFailed', why, { cause: error });
  });
  try {
    await callRevoke(deps, revocable, server, signal);
  } catch (error) {
    // A daemon that stops leaves the note, and so does the next start that gets no further.
    if (!signal.aborted && !logout?.isResumed) await marker.clear().catch((left) => deps.warn('logout note', left));
    throw error;
  }
  // Without this note the next start revokes once more, which does no harm.
  await marker.write('revoked', revocable.token, server).catch((error) => deps.warn('logout note', error));
}

/** The one request. @throws RpcError `revokeFailed` */
export async function callRevoke(
  deps: CallDeps,
  { token, kind }: Revocable,
  server: AuthServer,
  signal: AbortSignal | null,
): Promise<void> {
  // Without a refresh token there is no client_id, as in the reference (auth.md §10).
  const body =
    kind === 'refresh_token'
      ? { token, token_type_hint: kind, client_id: CLIENT_ID }
      : { token, token_type_hint: kind };
  const call = {
    url: server.revokeUrl,
    proxy: server.proxy,
    headers: jsonHeaders(server),
    body: JSON.stringify(body),
    limitMs: CALL_LIMIT_MS,
    wantsBody: false,
  };
  const what = kind.replace('_', ' ');
  const reply = await postOnce(deps, call, signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw failed(what, `the auth server could not be asked: ${messageOf(error)}`, false);
  });
  if (reply.isOk) return;
  const said = quoteServer(parseServerError(reply.text).message, [token]);
  const isFinal = reply.status >= 400 && reply.status < 500 && reply.status !== 429 && reply.status !== 408;
  throw failed(what, `the auth server answered ${reply.status}${said ? ` (${said})` : ''}`, isFinal);
}

/** @param permanent the server may never accept it, whatever is tried again */
function failed(what: string, why: string, permanent: boolean): RpcError {
  return new RpcError('revokeFailed', `the ${what} was not revoked: ${why}`, { data: { permanent } });
}
