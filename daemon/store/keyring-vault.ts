import { type Credentials, isManaged, isSameSignIn, parseCredentials } from '../../machines/auth/credentials.ts';
import type { AccountStore } from '../../machines/protocol/methods/account.ts';
import type { AuthVault, Kept } from './auth-vault.ts';
import { type KeychainProbe, keychainReason } from './keychain.ts';

/** One entry of the system's keyring, and our note about it (keyring.ts). */
export interface Keyring {
  readonly name: string;
  /** Whether it works at all; one that does not is tried again later. */
  probe(): Promise<KeychainProbe>;
  get(): Promise<string | null>;
  set(secret: string): Promise<void>;
  remove(): Promise<void>;
  readNote(): Promise<'stored' | 'leaving' | 'replaced' | null>;
  writeNote(state: 'stored' | 'leaving' | 'replaced'): Promise<void>;
  removeNote(): Promise<void>;
  stamp(): Promise<string>;
}

const ABSENT = 'no keyring is set up here';
const absent = (): Promise<never> => Promise.reject(new Error(ABSENT));

/** For a store that was given none. */
export const NO_KEYRING: Keyring = {
  name: 'keyring',
  probe: async () => ({ available: false, reason: ABSENT }),
  get: absent,
  set: absent,
  remove: absent,
  readNote: async () => null,
  writeNote: absent,
  removeNote: async () => {},
  stamp: async () => 'none',
};

export interface KeyringVault extends AuthVault {
  describe(): Promise<Omit<AccountStore, 'mode'> & { readonly places: readonly string[] }>;
}

export interface KeyringVaultOptions {
  readonly keyring: Keyring;
  readonly file: AuthVault;
  /** `auto`: to the file, where the keyring cannot be used. */
  readonly mayFallBack: boolean;
}

/**
 * A sign-in in the keyring (auth.md §1). What was stored there and cannot be read is an error and never "signed out".
 * In `auto` the file is read when nothing was ever stored in the keyring, and written when the keyring refuses.
 */
export function createKeyringVault({ keyring, file, mayFallBack }: KeyringVaultOptions): KeyringVault {
  async function readEntry(): Promise<Kept | null> {
    const state = await keyring.readNote();
    if (state === 'replaced') return null;
    const { available, reason } = await keyring.probe();
    if (!available && state === null && mayFallBack) return null;
    if (!available) throw new Error(reason);
    const text = await keyring.get();
    if (text !== null) return { text, stamp: await stamp() };
    if (state === 'stored') throw new Error('the keyring does not give what was stored there; it may be locked');
    return null;
  }

  const stamp = async (): Promise<string> => `${await keyring.stamp()} ${await file.stamp()}`;

  async function read(): Promise<Kept | null> {
    const entry = await readEntry();
    if (entry || !mayFallBack) return entry;
    const kept = await file.read();
    return kept && { text: kept.text, stamp: await stamp() };
  }

  async function writeEntry(text: string, signal: AbortSignal): Promise<void> {
    const { available, reason } = await keyring.probe();
    if (!available) throw new Error(reason);
    signal.throwIfAborted();
    await keyring.set(text);
    await keyring.writeNote('stored');
  }

  async function write(text: string, signal: AbortSignal): Promise<void> {
    try {
      await writeEntry(text, signal);
    } catch (error) {
      if (!mayFallBack || signal.aborted) throw error;
      // An older entry must not win over the file later.
      if ((await keyring.readNote()) !== null) await keyring.writeNote('replaced');
      return file.write(text, signal);
    }
    // What is left there is an older sign-in; a failure leaves it, and the keyring is read first.
    await file.erase().catch(() => null);
  }

  async function erase(): Promise<string | null> {
    const entry = await readEntry();
    const state = await keyring.readNote();
    if (entry !== null) {
      await keyring.writeNote('leaving');
      await keyring.remove();
      if ((await keyring.get()) !== null) throw new Error('the keyring kept the entry');
    }
    if (state === 'replaced') await keyring.remove().catch(() => {});
    const notice = await eraseFile(entry);
    await keyring.removeNote();
    return notice;
  }

  /** A file that holds another ChatGPT sign-in was not revoked, so it is not erased. */
  async function eraseFile(entry: Kept | null): Promise<string | null> {
    const kept = entry ? await file.read().catch(() => null) : null;
    const [here, there] = [credentialsOf(kept), credentialsOf(entry)];
    if (isManaged(here) && !isSameSignIn(here, there)) {
      return `${file.name} holds another sign-in, which was kept. Log out again to end it, too.`;
    }
    return file.erase();
  }

  return {
    name: keyring.name,
    read,
    write,
    erase,
    stamp,
    explain: (error, verb) => `the sign-in in the keyring could not be ${verb}: ${keychainReason(error)}`,
    describe: async () => {
      const { available, reason } = await keyring.probe();
      const kind = available || !mayFallBack ? 'keyring' : 'file';
      const places = kind === 'keyring' ? [keyring.name, file.name] : [file.name];
      return { kind, reason: available ? null : reason, places };
    },
  };
}

function credentialsOf(kept: Kept | null): Credentials | null {
  try {
    return kept && parseCredentials(kept.text);
  } catch {
    // What cannot be read holds nothing that could be revoked.
    return null;
  }
}
