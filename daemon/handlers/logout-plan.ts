import type { AuthServer } from '../../machines/auth/auth-server.ts';
import { accountOf, authModeOf, revocableToken } from '../../machines/auth/credentials.ts';
import type { LogoutPlan } from '../../machines/protocol/methods/account.ts';
import type { Connection } from '../server/connection.ts';
import type { HandlerDeps } from './handler-deps.ts';

/** What a logout of this client would do. Reads the store and changes nothing. @throws RpcError `authUnreadable` */
export async function planLogout(
  { auth, authStore, broadcast, registry }: HandlerDeps,
  asking: Connection,
  server: AuthServer,
  isLocalOnly: boolean,
): Promise<LogoutPlan> {
  const stored = await auth.stored();
  const { places, mode, kind, reason } = await authStore.describe();
  const revocable = isLocalOnly ? null : revocableToken(stored);
  const account = accountOf(stored);
  const others = [...broadcast.connections].filter((connection) => connection !== asking && connection.facts);
  const running = registry.all.filter((thread) => thread.isRunning);
  return {
    account: account ? { ...account } : null,
    authMode: authModeOf(stored),
    store: { mode, kind, reason },
    revokes: revocable ? { token: revocable.kind, url: server.revokeUrl } : null,
    erases: stored === null ? [] : [...places],
    clients: others.map(({ tag: { clientId, name, terminal } }) => ({ clientId, name, terminal })),
    runningTurns: running.map((thread) => ({ threadId: thread.id, name: thread.feed.snapshot.thread.name ?? null })),
    notes:
      isLocalOnly && revocableToken(stored) ? ['The token would not be revoked and stays valid at the server.'] : [],
  };
}
