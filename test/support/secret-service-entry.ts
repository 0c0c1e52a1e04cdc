/** Stores, reads and erases an API key in the mode `auto`, with the built keychain process; prints what happened. */
import { join } from 'node:path';
import { systemClock } from '../../daemon/deps.ts';
import { createAuthStore } from '../../daemon/store/auth-store.ts';
import { createKeyring } from '../../daemon/store/keyring.ts';

const home = process.env.CODEX_HOME ?? '';
const keychain = { entry: process.env.KEYCHAIN_ENTRY ?? '', clock: systemClock, env: process.env };
const open = () =>
  createAuthStore({
    home,
    mode: 'auto',
    keyring: createKeyring({ home, notePath: join(home, 'note.json'), keychain }),
  });

async function main(): Promise<void> {
  const { credentials } = await open().save({ kind: 'apikey', apiKey: 'sk-real' }, new AbortController().signal);
  const store = open();
  const loaded = await store.load();
  const { kind } = await store.describe();
  const { outcome } = await store.erase(credentials, new AbortController().signal);
  const after = await open().load();
  const key = loaded?.kind === 'apikey' ? loaded.apiKey : null;
  process.stdout.write(JSON.stringify({ kind, loaded: key, erased: outcome, after }));
}

// The clock's timers keep no process alive, and nothing else does while the keyring is asked.
const alive = setInterval(() => {}, 1_000);
void main().finally(() => clearInterval(alive));
