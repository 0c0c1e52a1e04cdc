import { toRpcError } from '../../machines/auth/auth-error.ts';
import { activeCredentials } from '../../machines/auth/auth-facts.ts';
import type { AuthServer } from '../../machines/auth/auth-server.ts';
import { refreshTokenOf } from '../../machines/auth/credentials.ts';
import { hasEnded, staleReason } from '../../machines/auth/staleness.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { Clock } from '../deps.ts';
import type { ModelAuth } from '../model/request-headers.ts';
import { type AuthActor, whenNot } from './auth-requests.ts';
import { stateOf, toModelAuth } from './auth-views.ts';
import { type Restrictions, violation } from './restrictions.ts';

export interface ModelAuthDeps {
  readonly actor: AuthActor;
  readonly clock: Clock;
  /** Waits for the machine to know what is stored by now. */
  readonly current: () => Promise<void>;
  readonly restrictions: () => Promise<Restrictions>;
  readonly logout: (options: { readonly server: AuthServer }) => Promise<unknown>;
}

/** While one of these goes on a token is about to change. */
const RENEWING = ['restoring', 'signingIn.saving', 'signedIn.reloading', 'signedIn.refreshing', 'signedIn.askingHost'];

/** What model requests are signed with, and how it is kept fresh (auth.md §6). */
export function createModelAuth({ actor, clock, current, restrictions, logout }: ModelAuthDeps) {
  const snapshot = () => actor.getSnapshot();

  /** Renews what is about to end, or what `isForced` says; joins the refresh that goes on. */
  async function renew(server: AuthServer, isForced: boolean): Promise<void> {
    const isJoined = stateOf(snapshot()) === 'signedIn.refreshing';
    await whenNot(actor, RENEWING);
    const isNeeded = (isForced && !isJoined) || staleReason(snapshot().context.credentials, clock.now()) !== null;
    if (isNeeded) actor.send({ type: 'needAuth', nowMs: clock.now(), isForced, server });
    await whenNot(actor, RENEWING);
  }

  /** A stored sign-in that the configuration forbids is signed out, by the same way as any other. */
  async function enforce(server: AuthServer): Promise<void> {
    const why = violation(activeCredentials(snapshot().context), await restrictions());
    if (why === null) return;
    const outcome = await logout({ server }).then(
      () => 'It was signed out.',
      (error: unknown) => `It is not used: ${messageOf(error)}`,
    );
    throw new RpcError('loginDisabled', `${why} ${outcome}`);
  }

  async function get(server: AuthServer): Promise<ModelAuth> {
    await current();
    await enforce(server);
    await renew(server, false);
    const { credentials, error } = snapshot().context;
    const isBackingOff = stateOf(snapshot()) === 'signedIn.backingOff';
    // A failed renewal ahead of time stops nobody while the old token lasts.
    if (isBackingOff && error && hasEnded(credentials, clock.now())) throw toRpcError(error);
    return toModelAuth(snapshot());
  }

  async function recover(rejected: ModelAuth, server: AuthServer): Promise<ModelAuth | null> {
    if (rejected.kind === 'none') return null;
    // A sign-in that goes on may bring a new token; it has its own limit.
    await whenNot(actor, ['signingIn']);
    await current();
    await whenNot(actor, RENEWING);
    const known = usable(rejected);
    if (known) return known;
    const { credentials, external, error } = snapshot().context;
    if (external === null && refreshTokenOf(credentials) === null) return null;
    if (stateOf(snapshot()) === 'signedIn.backingOff' && error) throw toRpcError(error);
    actor.send({ type: 'unauthorized', token: rejected.token, server });
    await whenNot(actor, RENEWING);
    const renewed = usable(rejected);
    if (renewed) return renewed;
    const failure = snapshot().context.error;
    throw failure
      ? toRpcError(failure)
      : new RpcError('refreshFailed', 'the auth server gave no new token for the one that was not accepted');
  }

  /** What is known by now, if it is another token of the same account; null when it is the rejected one. */
  function usable(rejected: ModelAuth & { kind: 'bearer' }): ModelAuth | null {
    const known = toModelAuth(snapshot());
    if (known.kind !== 'bearer' || known.token === rejected.token) return null;
    if (known.accountId !== rejected.accountId) {
      const why = 'you signed out or switched to another account since the request was sent; send it again';
      throw new RpcError('refreshFailed', why);
    }
    return known;
  }

  return { get, recover, renew: (server: AuthServer) => renew(server, true) };
}
