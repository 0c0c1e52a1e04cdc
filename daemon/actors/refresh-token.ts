import * as v from 'valibot';
import { fromPromise } from 'xstate';
import type { NewTokens } from '../../machines/auth/auth-document.ts';
import { CLIENT_ID, DEFAULT_SERVER } from '../../machines/auth/auth-server.ts';
import { CALL_LIMIT_MS, type Refresh } from '../../machines/auth/auth-types.ts';
import { type Credentials, isSameAccount, isSameCredentials, refreshTokenOf } from '../../machines/auth/credentials.ts';
import { readIdClaims } from '../../machines/auth/id-token.ts';
import { parseJson } from '../../machines/auth/parse-json.ts';
import { isUsedAlready, refreshRefused } from '../../machines/auth/server-error.ts';
import { staleReason } from '../../machines/auth/staleness.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { type CallDeps, jsonHeaders, postOnce } from '../auth/token-call.ts';
import { pause } from '../deadline.ts';
import type { WithAuthLock } from '../store/auth-lock.ts';
import type { AuthStore } from '../store/auth-store.ts';

export interface RefreshDeps extends CallDeps {
  readonly store: AuthStore;
  readonly withLock: WithAuthLock;
}

/** How long a program that took no lock may need to write what it got for the same token. */
const RACE_MS = 1_000;

interface RefreshInput {
  readonly credentials: Credentials | null;
  readonly refresh: Refresh | null;
}

/**
 * Gets new tokens for what is stored, or takes over those that another program got meanwhile. Answers what is stored
 * then, null when nobody is signed in any more. Rejects with `refreshFailed`; never erases anything (auth.md §6).
 *
 * Once the request is under way it is seen through, whether anybody waits or not: the old token is spent, and the new
 * one has to be stored.
 */
export function createRefreshToken(deps: RefreshDeps) {
  return fromPromise<Credentials | null, RefreshInput>(({ input, signal }) =>
    deps.withLock(async () => {
      signal.throwIfAborted();
      const stored = await deps.store.load();
      const refreshToken = refreshTokenOf(stored);
      if (refreshToken === null || isNewer(stored, input, deps.clock.now())) return stored;
      try {
        const tokens = await redeem(deps, refreshToken, input.refresh);
        return (await deps.store.renew(refreshToken, tokens)) ?? (await deps.store.load());
      } catch (error) {
        const newer = isUsedAlready(error) ? await newerThan(deps, refreshToken) : null;
        if (newer) return newer;
        throw error;
      }
    }),
  );
}

/** Whether somebody else changed what is stored, so that ours need not be renewed any more. */
function isNewer(stored: Credentials | null, { credentials, refresh }: RefreshInput, nowMs: number): boolean {
  if (isSameCredentials(stored, credentials)) return false;
  if (!isSameAccount(stored, credentials) || stored?.kind !== 'chatgpt') return true;
  const isRejected = stored.tokens?.accessToken === refresh?.rejected;
  return !isRejected && staleReason(stored, nowMs) === null;
}

/** The sign-in that a program without the lock stored in the place of a spent token; null when none did. */
async function newerThan({ store, clock }: RefreshDeps, refreshToken: string): Promise<Credentials | null> {
  const look = async (): Promise<Credentials | null> => {
    const stored = await store.load();
    return refreshTokenOf(stored) === refreshToken ? null : stored;
  };
  const found = await look();
  if (found) return found;
  await pause(RACE_MS, clock, new AbortController().signal);
  return look();
}

const given = v.optional(v.nullable(v.string()), null);
const refreshed = v.object({ id_token: given, access_token: given, refresh_token: given });

async function redeem(deps: RefreshDeps, refreshToken: string, refresh: Refresh | null): Promise<NewTokens> {
  const server = refresh?.server ?? DEFAULT_SERVER;
  const body = {
    client_id: CLIENT_ID,
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    refresh_reason: refresh?.reason ?? 'forced',
  };
  const call = {
    url: server.refreshUrl,
    proxy: server.proxy,
    headers: jsonHeaders(server),
    body: JSON.stringify(body),
    limitMs: CALL_LIMIT_MS,
    wantsBody: true,
  };
  const reply = await postOnce(deps, call, null).catch((error: unknown) => {
    throw new RpcError('refreshFailed', `a new token could not be had: ${messageOf(error)}`);
  });
  if (!reply.isOk) throw refreshRefused(reply.status, reply.text);
  return parseRefreshed(reply.text);
}

function parseRefreshed(text: string): NewTokens {
  const parsed = v.safeParse(refreshed, parseJson(text));
  if (!parsed.success) throw unreadable();
  const { id_token, access_token, refresh_token } = parsed.output;
  return {
    // One that cannot be read would make the whole file unreadable; the other two are too precious to drop with it.
    idToken: id_token !== null && readIdClaims(id_token) !== null ? id_token : undefined,
    accessToken: access_token ?? undefined,
    refreshToken: refresh_token ?? undefined,
  };
}

const unreadable = (): RpcError =>
  new RpcError('refreshFailed', 'a new token could not be had: the answer of the auth server cannot be read');
