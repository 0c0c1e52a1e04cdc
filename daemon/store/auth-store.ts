import { type NewTokens, refreshedDocument, signInDocument } from '../../machines/auth/auth-document.ts';
import type { EraseOutcome, Saved } from '../../machines/auth/auth-types.ts';
import {
  type Credentials,
  CredentialsError,
  isSameSignIn,
  parseCredentials,
  refreshTokenOf,
  type SignIn,
} from '../../machines/auth/credentials.ts';
import { type ErrorName, RpcError } from '../../machines/core/errors.ts';
import type { AccountStore } from '../../machines/protocol/methods/account.ts';
import { type AuthVault, createFileVault, createMemoryVault } from './auth-vault.ts';
import { createKeyringVault, type Keyring, NO_KEYRING } from './keyring-vault.ts';
import { createSerial } from './serial.ts';

/** `cli_auth_credentials_store` of config.toml (auth.md §1). */
export type StoreMode = AccountStore['mode'];

/** Where credentials are kept. Every failure is an RpcError whose text quotes nothing of what is stored. */
export interface AuthStore {
  /** Null: nobody is signed in. Rejects with `authUnreadable` when that cannot be known. */
  load(): Promise<Credentials | null>;
  /** Replaces what is stored. `signal` is heeded until the moment of replacing. */
  save(signIn: SignIn, signal: AbortSignal): Promise<Saved>;
  /**
   * Puts what a refresh gave in the place of the sign-in with this refresh token. Null: that is not stored any more, and
   * nothing was changed. New tokens that cannot be written are kept in memory, for the old ones are worth nothing.
   */
  renew(refreshToken: string, tokens: NewTokens): Promise<Credentials | null>;
  /** Erases only what is still the same sign-in as `expected`. */
  erase(expected: Credentials | null, signal: AbortSignal): Promise<EraseOutcome>;
  /** Whether somebody else wrote since the last load, save or erase. */
  hasChanged(): Promise<boolean>;
  /** Where the sign-in is kept, for people. */
  describe(): Promise<AccountStore & { readonly places: readonly string[] }>;
}

export interface AuthStoreOptions {
  readonly home: string;
  readonly mode: StoreMode;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** The system's keyring; without it `auto` keeps to the file and `keyring` cannot be used. */
  readonly keyring?: Keyring;
}

/** The store of a mode. */
export function createAuthStore({ home, mode, now = Date.now, keyring = NO_KEYRING }: AuthStoreOptions): AuthStore {
  const file = createFileVault(home);
  switch (mode) {
    case 'file':
      return createVaultStore(file, async () => ({ mode, kind: 'file', reason: null, places: [file.name] }), now);
    case 'ephemeral': {
      const memory = createMemoryVault();
      return createVaultStore(memory, async () => ({ mode, kind: 'memory', reason: null, places: [memory.name] }), now);
    }
    case 'auto':
    case 'keyring': {
      const vault = createKeyringVault({ keyring, file, mayFallBack: mode === 'auto' });
      return createVaultStore(vault, async () => ({ mode, ...(await vault.describe()) }), now);
    }
    default:
      return mode satisfies never;
  }
}

/** New tokens that the disk did not take yet. */
interface Unwritten {
  readonly forToken: string;
  readonly tokens: NewTokens;
  readonly nowIso: string;
}

function createVaultStore(vault: AuthVault, describe: AuthStore['describe'], now: () => number): AuthStore {
  // One after the other: an erase that follows a save must not overtake it.
  const inTurn = createSerial();
  const never = new AbortController().signal;
  let lastStamp: string | null = null;
  let unwritten: Unwritten | null = null;

  async function readText(): Promise<string | null> {
    lastStamp = await vault.stamp();
    const kept = await failAs('authUnreadable', 'read', vault, () => vault.read());
    lastStamp = kept?.stamp ?? lastStamp;
    return kept === null ? null : withUnwritten(kept.text);
  }

  async function withUnwritten(text: string): Promise<string> {
    if (unwritten === null) return text;
    const { forToken, tokens, nowIso } = unwritten;
    if (refreshTokenOf(parseStored(text, vault.name)) !== forToken) {
      unwritten = null;
      return text;
    }
    const renewed = refreshedDocument(tokens, text, nowIso);
    try {
      await vault.write(renewed, never);
      unwritten = null;
      lastStamp = await vault.stamp();
    } catch {
      // Still no room: they stay in memory, and the next look tries again.
    }
    return renewed;
  }

  async function loadNow(): Promise<Credentials | null> {
    const text = await readText();
    return text === null ? null : parseStored(text, vault.name);
  }

  async function writeNow(text: string, signal: AbortSignal): Promise<Credentials> {
    await failAs('internal', 'written', vault, () => vault.write(text, signal));
    lastStamp = await vault.stamp();
    return parseStored(text, vault.name);
  }

  return {
    load: () => inTurn(loadNow),
    save: (signIn, signal) =>
      inTurn(async () => {
        signal.throwIfAborted();
        // A new login may replace what cannot be read; then there is nothing of it to keep.
        const text = await readText().catch(() => null);
        const before = credentialsOrNull(text);
        const credentials = await writeNow(signInDocument(signIn, text, new Date(now()).toISOString()), signal);
        unwritten = null;
        return { credentials, replaced: before && !isSameSignIn(before, credentials) ? [before] : [] };
      }),
    renew: (refreshToken, tokens) =>
      inTurn(async () => {
        const text = await readText();
        const stored = text === null ? null : parseStored(text, vault.name);
        if (text === null || refreshTokenOf(stored) !== refreshToken) return null;
        const nowIso = new Date(now()).toISOString();
        unwritten = { forToken: refreshToken, tokens, nowIso };
        return parseStored(await withUnwritten(text), vault.name);
      }),
    erase: (expected, signal) =>
      inTurn(async () => {
        const stored = await loadNow();
        signal.throwIfAborted();
        if (stored !== null && !isSameSignIn(expected, stored)) return { outcome: 'changed' };
        const notice = await failAs('eraseFailed', 'removed', vault, () => vault.erase());
        unwritten = null;
        lastStamp = await vault.stamp();
        return { outcome: 'erased', notice };
      }),
    hasChanged: async () => lastStamp !== (await vault.stamp()),
    describe,
  };
}

function credentialsOrNull(text: string | null): Credentials | null {
  try {
    return text === null ? null : parseCredentials(text);
  } catch {
    // What cannot be read holds nothing that could be revoked.
    return null;
  }
}

function parseStored(text: string, name: string): Credentials {
  try {
    return parseCredentials(text);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    throw new RpcError('authUnreadable', `${name} cannot be used: ${error.message}`);
  }
}

// An abort is passed on as it is.
async function failAs<T>(name: ErrorName, verb: string, vault: AuthVault, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw new RpcError(name, vault.explain(error, verb), { cause: error });
  }
}
