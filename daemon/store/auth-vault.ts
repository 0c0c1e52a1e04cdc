import { authFilePath, authFileStamp, codeOf, eraseAuthFile, readAuthFile, writeAuthFile } from './auth-file.ts';

/** A text in a vault, and what changes with every write of it, also by another program. */
export interface Kept {
  readonly text: string;
  readonly stamp: string;
}

/** A place that keeps the text of one sign-in. Failures are plain errors whose text quotes nothing of it. */
export interface AuthVault {
  /** What people are told: a path, or `keyring entry …`. */
  readonly name: string;
  /** Null only when it is certain that nothing is there. */
  read(): Promise<Kept | null>;
  /** Replaces what is there, whole or not at all. `signal` is heeded until the moment of replacing. */
  write(text: string, signal: AbortSignal): Promise<void>;
  /** Removes what is there; nothing there is fine. Answers one sentence when something is left on purpose. */
  erase(): Promise<string | null>;
  /** Of what is there now; never rejects. */
  stamp(): Promise<string>;
  /** Why something failed, for people. */
  explain(error: unknown, verb: string): string;
}

/** auth.json of a home. */
export function createFileVault(home: string): AuthVault {
  const name = authFilePath(home);
  return {
    name,
    read: () => readAuthFile(home),
    write: (text, signal) => writeAuthFile(home, text, signal),
    erase: async () => {
      const kept = await eraseAuthFile(home);
      return kept === null ? null : `${name} was a link; the link was removed, and ${kept} still holds the sign-in.`;
    },
    stamp: () => authFileStamp(home),
    // The system's message may name a temporary file; the code says enough.
    explain: (error, verb) => `${name} could not be ${verb}: ${codeOf(error)}`,
  };
}

/** The memory of this process. */
export function createMemoryVault(): AuthVault {
  let kept: Kept | null = null;
  let writes = 0;
  return {
    name: 'the memory of the daemon',
    read: async () => kept,
    write: async (text) => {
      writes += 1;
      kept = { text, stamp: String(writes) };
    },
    erase: async () => {
      kept = null;
      return null;
    },
    stamp: async () => kept?.stamp ?? 'none',
    explain: (_, verb) => `the sign-in could not be ${verb}`,
  };
}
