import type { LoginMethod } from '../../machines/auth/auth-types.ts';
import { accountIdOf, type Credentials } from '../../machines/auth/credentials.ts';
import type { Config } from '../../machines/config/config-schema.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { readConfig } from '../threads/thread-setup.ts';

/** What the configuration allows (auth.md §2); null: everything. */
export interface Restrictions {
  readonly method: 'api' | 'chatgpt' | null;
  readonly workspaces: readonly string[] | null;
}

/**
 * What the home's configuration says by now, for each login and each use of what is stored. While it cannot be read, for
 * it is being edited perhaps, what it said last holds. Rejects with `configInvalid` when nothing is known of it.
 */
export function createRestrictions(home: string): () => Promise<Restrictions> {
  let last: Restrictions | null = null;
  return async () => {
    try {
      last = toRestrictions((await readConfig(home, home, {})).config);
    } catch (error) {
      if (last === null) throw error;
    }
    return last;
  };
}

function toRestrictions({
  forced_login_method: method,
  forced_chatgpt_workspace_id: workspaces,
}: Config): Restrictions {
  return { method: method ?? null, workspaces: typeof workspaces === 'string' ? [workspaces] : (workspaces ?? null) };
}

/** @throws RpcError `loginDisabled` */
export function refuseMethod(method: LoginMethod, { method: forced }: Pick<Restrictions, 'method'>): void {
  if (forced === 'chatgpt' && method === 'apiKey') {
    throw new RpcError('loginDisabled', 'API key login is disabled. Use ChatGPT login instead.');
  }
  if (forced === 'api' && method !== 'apiKey') {
    throw new RpcError('loginDisabled', 'ChatGPT login is disabled. Use API key login instead.');
  }
}

/** Why a stored sign-in must not be used; null when it may. It is then signed out, which means revoked first. */
export function violation(credentials: Credentials | null, { method, workspaces }: Restrictions): string | null {
  if (credentials === null || credentials.kind === 'other') return null;
  if (credentials.kind === 'apikey') {
    return method === 'chatgpt' ? 'The configuration asks for a ChatGPT sign-in, but an API key is stored.' : null;
  }
  if (method === 'api') return 'The configuration asks for an API key, but a ChatGPT sign-in is stored.';
  const account = accountIdOf(credentials);
  if (workspaces === null || (account !== null && workspaces.includes(account))) return null;
  return `The configuration allows the workspace ${workspaces.join(', ')} only, but the stored sign-in is ${
    account === null ? 'of none that is known' : `of ${account}`
  }.`;
}
