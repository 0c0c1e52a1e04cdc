import { join } from 'node:path';
import type { AuthDeps } from '../../../daemon/auth/auth.ts';
import { systemClock } from '../../../daemon/deps.ts';
import { createAuthLock } from '../../../daemon/store/auth-lock.ts';
import { createAuthStore } from '../../../daemon/store/auth-store.ts';
import { createLogoutMarker } from '../../../daemon/store/logout-marker.ts';
import { RpcError } from '../../../machines/core/errors.ts';

/** The real parts of a home's sign-in. No network: whoever needs it gives a fake server's address. */
export function authParts(home: string): AuthDeps {
  return {
    store: createAuthStore({ home, mode: 'file' }),
    marker: createLogoutMarker(join(home, 'daemon', 'logout.json')),
    withLock: createAuthLock(home),
    clock: systemClock,
    loginPorts: [0],
    minPollMs: 1,
  };
}

/** auth.json files whose every secret holds SECRET, so that one search finds a leak. */
export const SECRET = 'SECRETSECRET';
const jwt = (payload: unknown): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${SECRET}`;
export const chatgptFile = JSON.stringify({
  auth_mode: 'chatgpt',
  OPENAI_API_KEY: null,
  tokens: {
    id_token: jwt({ email: 'e@x.test', 'https://api.openai.com/auth': { chatgpt_plan_type: 'pro' } }),
    access_token: `access-${SECRET}`,
    refresh_token: `refresh-${SECRET}`,
    account_id: 'acc-1',
  },
});
export const keyFile = JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY: `sk-proj-${SECRET}` });

/** The name of the RpcError that something rejected with, and its text; null when it went well. */
export async function failureOf(run: Promise<unknown>): Promise<readonly [string, string] | null> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) return null;
  if (!(error instanceof RpcError)) throw error;
  return [error.errorName, error.message];
}
