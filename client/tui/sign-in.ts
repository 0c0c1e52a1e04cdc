import type { AccountState } from '../../machines/protocol/methods/account.ts';

/** The ways of the sign-in screen. */
export type LoginWay = 'browser' | 'device' | 'apiKey';

/** A sign-in that this terminal has asked for. `started` is null until the daemon has answered. */
export interface LoginAttempt {
  readonly attemptId: string;
  readonly way: LoginWay;
  readonly sinceMs: number;
  readonly started: StartedLogin | null;
}

/** What the person needs for it. `userCode` is null for a browser. */
export interface StartedLogin {
  readonly loginId: string;
  readonly url: string;
  readonly userCode: string | null;
}

/** How a sign-in of any client ended. */
export interface LoginEnd {
  readonly loginId: string;
  readonly success: boolean;
  readonly error: string | null;
}

/** Everything the interface knows of the sign-in. */
export interface SignIn {
  /** As the daemon told it last; null when it did not, or when the sign-in does not matter here. */
  readonly state: AccountState | null;
  readonly attempt: LoginAttempt | null;
  /** Why the last attempt of this terminal failed. */
  readonly failure: string | null;
  /** The end that was told last: it may be told in the same breath as the answer that names the sign-in. */
  readonly lastEnd: LoginEnd | null;
  /** This terminal has asked for a logout, and waits for its answer. */
  readonly isSigningOut: boolean;
}

export const NO_SIGN_IN: SignIn = { state: null, attempt: null, failure: null, lastEnd: null, isSigningOut: false };
