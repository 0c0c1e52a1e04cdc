import { createHash } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { parseJson } from '../../machines/auth/parse-json.ts';
import { codeOf } from './auth-file.ts';
import { type KeychainDeps, type KeychainProbe, probeKeychain, withKeychain } from './keychain.ts';
import type { Keyring } from './keyring-vault.ts';
import { replaceFile } from './replace-file.ts';

const SERVICE = 'Codex Auth';
/** A keyring that could not be used may be unlocked by then; each trial starts a process. */
const TRY_AGAIN_MS = 60_000;

/** All that keytar needs of a login; whatever else the daemon was started with, keys for one, stays out. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'DBUS_SESSION_BUS_ADDRESS',
  'XDG_RUNTIME_DIR',
  'XDG_DATA_HOME',
] as const;

export interface KeyringOptions {
  /** The home's real path: one entry per home. */
  readonly home: string;
  /** A note without secrets that says whether anything was stored. */
  readonly notePath: string;
  readonly keychain: KeychainDeps;
}

/**
 * `stored`: an entry must be there; `leaving`: it is being removed; `replaced`: a newer sign-in lies elsewhere. No note:
 * nothing was ever stored. A locked keyring answers like an empty one, so that its "nothing" alone proves nothing
 * (libraries.md §2).
 */
const note = v.object({ state: v.picklist(['stored', 'leaving', 'replaced']) });

/** The entry of a home in the system's keyring, through the child process, tried before its first use. */
export function createKeyring({ home, notePath, keychain }: KeyringOptions): Keyring {
  const account = `cli|${createHash('sha256').update(home).digest('hex').slice(0, 16)}`;
  const env = Object.fromEntries(PASSED_ON.map((name) => [name, keychain.env[name]]));
  const deps: KeychainDeps = { ...keychain, env };
  const key = { service: SERVICE, account };
  let probe: Promise<KeychainProbe> | null = null;
  let tryAgainAtMs = Number.POSITIVE_INFINITY;
  return {
    name: `keyring entry ${SERVICE} ${account}`,
    probe: () => {
      if (probe !== null && keychain.clock.now() < tryAgainAtMs) return probe;
      tryAgainAtMs = Number.POSITIVE_INFINITY;
      probe = probeKeychain(deps).then((result) => {
        if (!result.available) tryAgainAtMs = keychain.clock.now() + TRY_AGAIN_MS;
        return result;
      });
      return probe;
    },
    get: () => withKeychain(deps, async (ask) => textOrNull(await ask({ type: 'get', id: 1, ...key }))),
    set: (secret) => withKeychain(deps, async (ask) => void (await ask({ type: 'set', id: 1, ...key, secret }))),
    remove: () => withKeychain(deps, async (ask) => void (await ask({ type: 'delete', id: 1, ...key }))),
    readNote: async () => {
      const text = await readFile(notePath, 'utf8').catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      });
      if (text === null) return null;
      const parsed = v.safeParse(note, parseJson(text));
      // A note that cannot be read says that something was stored.
      return parsed.success ? parsed.output.state : 'stored';
    },
    writeNote: (state) => replaceFile(notePath, JSON.stringify({ state, account }), { mode: 0o600 }),
    removeNote: () => rm(notePath, { force: true }),
    stamp: async () => {
      const stats = await stat(notePath, { bigint: true }).catch(() => null);
      return stats ? `${stats.mtimeNs} ${stats.ino}` : 'none';
    },
  };
}

const textOrNull = (value: string | boolean | null): string | null => (typeof value === 'string' ? value : null);
