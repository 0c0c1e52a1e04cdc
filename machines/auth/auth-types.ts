import type { AuthError } from './auth-error.ts';
import type { AuthServer } from './auth-server.ts';
import type { Credentials, SignIn } from './credentials.ts';

/** Reading, writing and removing one small file or keyring entry; past this it is taken to hang. */
export const STORE_LIMIT_MS = 10_000;
/** The whole call of a revocation or a refresh, the answer's body included (auth.md §3, §6). */
export const CALL_LIMIT_MS = 10_000;
/** One call, the wait for another program's lock, and the disk: past this an effect is taken to hang. */
export const EFFECT_LIMIT_MS = 45_000;
export const BROWSER_LIMIT_MS = 10 * 60_000;
export const DEVICE_LIMIT_MS = 15 * 60_000;
/** How long the program that supplied tokens may take for new ones. */
export const HOST_LIMIT_MS = 10_000;
export const FIRST_BACK_OFF_MS = 1_000;
export const MAX_BACK_OFF_MS = 60_000;

/** How far a logout came that ended with its daemon; null: none did (auth.md §7). */
export type Unfinished = { readonly step: 'intended' | 'revoked'; readonly server: AuthServer };

/** What is stored, and whether a logout of just that was cut short. */
export interface Loaded {
  readonly credentials: Credentials | null;
  readonly unfinished: Unfinished | null;
}

/** `replaced`: sign-ins that were stored before and are gone now. */
export interface Saved {
  readonly credentials: Credentials;
  readonly replaced: readonly Credentials[];
}

/** `changed`: somebody signed in meanwhile, that sign-in was kept. */
export type EraseOutcome =
  | { readonly outcome: 'erased'; readonly notice: string | null }
  | { readonly outcome: 'changed' };

export type LoginMethod = 'apiKey' | 'chatgpt' | 'chatgptDeviceCode' | 'chatgptAuthTokens';

/** A sign-in as it was asked for. */
export interface Login {
  readonly id: string;
  readonly method: LoginMethod;
  /** What to store; known from the start for an API key, null until the server gave tokens. */
  readonly signIn: SignIn | null;
  /** Accounts that the configuration allows; null: any. */
  readonly workspaces: readonly string[] | null;
  readonly server: AuthServer;
}

/** Tokens that another program keeps fresh, and the connection that supplied them. */
export interface External {
  readonly credentials: Credentials;
  readonly hostId: string;
}

/** A logout as it was asked for first; whoever asks later joins it. */
export interface Logout {
  readonly server: AuthServer;
  /** Erase without revoking. */
  readonly isLocalOnly: boolean;
  /** It was cut short by the end of an earlier daemon. */
  readonly isResumed: boolean;
}

/** Why a new token is wanted, as the server is told (auth.md §6). */
export type RefreshReason = 'proactive_expiry' | 'scheduled' | 'unauthorized_recovery' | 'forced';

export interface Refresh {
  readonly reason: RefreshReason;
  readonly server: AuthServer;
  /** The access token that the server did not take; null for a refresh ahead of that. */
  readonly rejected: string | null;
}

export interface AuthContext {
  /** As last read or written; still shown while something goes on, and kept in every error. */
  readonly credentials: Credentials | null;
  /** In memory only; wins over `credentials`. */
  readonly external: External | null;
  /** Rises with every change of what requests are signed with. */
  readonly generation: number;
  readonly error: AuthError | null;
  readonly login: Login | null;
  /** A logout goes on or waits for what is stored to be read. */
  readonly logout: Logout | null;
  readonly refresh: Refresh | null;
  /** The stored sign-in that the server has revoked already. */
  readonly revoked: Credentials | null;
  /** A logout that an earlier daemon did not finish; looked at once. */
  readonly unfinished: Unfinished | null;
  readonly isFirstLook: boolean;
  /** The refresh token that the server refuses for ever, and why. */
  readonly refreshFailure: { readonly forToken: string; readonly error: AuthError } | null;
  /** Refreshes in a row that failed and may be tried again. */
  readonly failures: number;
}

export type AuthEvent =
  | { readonly type: 'loginRequested'; readonly login: Login }
  | { readonly type: 'cancelLogin'; readonly id: string }
  | { readonly type: 'externalTokens'; readonly external: External; readonly login: Login }
  | { readonly type: 'logout'; readonly logout: Logout }
  /** A request is about to need a token. */
  | { readonly type: 'needAuth'; readonly nowMs: number; readonly isForced: boolean; readonly server: AuthServer }
  /** The server answered 401 to this access token. */
  | { readonly type: 'unauthorized'; readonly token: string; readonly server: AuthServer }
  /** The store may have changed: another program shares it. */
  | { readonly type: 'reload' };

/** What the world is told. One `logoutSettled` answers everybody who asked meanwhile. */
export type AuthEmitted =
  | { readonly type: 'accountUpdated'; readonly authMode: string | null; readonly planType: string | null }
  | { readonly type: 'loginCompleted'; readonly login: LoginEnd; readonly error: AuthError | null }
  | ({ readonly type: 'logoutSettled' } & LogoutOutcome);

export interface LoginEnd {
  readonly id: string;
  readonly method: LoginMethod;
}

/** `notice`: one line for the user when something was left behind on purpose. */
export interface LogoutOutcome {
  readonly wasSignedIn: boolean;
  readonly notice: string | null;
  readonly error: AuthError | null;
}
