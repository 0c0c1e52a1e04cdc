import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AuthStore, createAuthStore } from '../../../daemon/store/auth-store.ts';
import { replaceFile } from '../../../daemon/store/replace-file.ts';
import { RpcError } from '../../../machines/core/errors.ts';

let top: string;
let home: string;
let file: string;
const signal = new AbortController().signal;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'auth-store-'));
  home = join(top, 'home');
  file = join(home, 'auth.json');
  await mkdir(home);
});

afterEach(async () => rm(top, { recursive: true, force: true }));

const store = () => createAuthStore({ home, mode: 'file' });
const saveKey = async (auth: AuthStore, apiKey: string, until = signal) =>
  (await auth.save({ kind: 'apikey', apiKey }, until)).credentials;
const mode = async (path: string) => (await stat(path)).mode & 0o777;

async function failure(run: () => Promise<unknown>): Promise<readonly [string, string]> {
  const error: unknown = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RpcError)) throw new Error(`no RpcError but ${String(error)}`);
  return [error.errorName, error.message.replace(top, 'TOP')];
}

describe('load', () => {
  test('only a missing file means signed out', async () => {
    expect(await store().load()).toBeNull();
  });

  test.each([
    ['a folder', () => mkdir(file), 'TOP/home/auth.json could not be read: EISDIR'],
    ['a loop of links', () => symlink('auth.json', file), 'TOP/home/auth.json could not be read: ELOOP'],
    [
      'a link through a file',
      () => symlink('/dev/null/auth.json', file),
      'TOP/home/auth.json could not be read: ENOTDIR',
    ],
    ['an empty file', () => writeFile(file, ''), 'TOP/home/auth.json cannot be used: it is not valid JSON'],
    [
      'a file of the wrong shape',
      () => writeFile(file, '{"tokens":{"id_token":"sk-secret"}}'),
      'TOP/home/auth.json cannot be used: its field tokens.id_token is not what it must be',
    ],
  ])('%s is unreadable, not signed out', async (_, prepare, message) => {
    await prepare();
    expect(await failure(() => store().load())).toEqual(['authUnreadable', message]);
  });
});

describe('save', () => {
  test('writes the file with mode 0600, also under an open umask and over a loose file', async () => {
    const before = process.umask(0);
    try {
      await saveKey(store(), 'k');
      expect(await mode(file)).toBe(0o600);
      await chmod(file, 0o644);
      await saveKey(store(), 'k2');
      expect(await mode(file)).toBe(0o600);
    } finally {
      process.umask(before);
    }
    expect(await readFile(file, 'utf8')).toBe('{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "k2"\n}');
    expect(await readdir(home)).toEqual(['auth.json']);
  });

  test('makes the home when it is not there yet, for the user alone', async () => {
    await rm(home, { recursive: true });
    await saveKey(store(), 'k');
    expect(await mode(home)).toBe(0o700);
  });

  test('keeps unknown fields of the file', async () => {
    await writeFile(file, '{"OPENAI_API_KEY":"old","later_version":{"x":1}}');
    await saveKey(store(), 'new');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      auth_mode: 'apikey',
      OPENAI_API_KEY: 'new',
      later_version: { x: 1 },
    });
  });

  test('writes through a link, also one whose target is missing', async () => {
    const real = join(top, 'shared.json');
    await symlink(real, file);
    await saveKey(store(), 'one');
    await saveKey(store(), 'two');
    expect(await readlink(file)).toBe(real);
    expect(await readFile(real, 'utf8')).toContain('"two"');
    expect(await mode(real)).toBe(0o600);
    expect((await readdir(top)).sort()).toEqual(['home', 'shared.json']);
  });

  test('leaves everything as it was when it fails or was called off', async () => {
    await symlink('/dev/null/auth.json', file);
    expect(await failure(() => saveKey(store(), 'sk-secret'))).toEqual([
      'internal',
      'TOP/home/auth.json could not be written: ENOTDIR',
    ]);
    await rm(file);
    await expect(saveKey(store(), 'k', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(home)).toEqual([]);
  });
});

describe('erase', () => {
  test('removes the file and what a crash left beside it', async () => {
    const auth = store();
    const credentials = await saveKey(auth, 'k');
    await writeFile(join(home, '.auth.json.crashed.tmp'), 'sk-secret');
    await writeFile(join(home, 'auth.json.bak'), 'not ours');
    expect(await auth.erase(credentials, signal)).toEqual({ outcome: 'erased', notice: null });
    expect(await readdir(home)).toEqual(['auth.json.bak']);
    expect(await auth.erase(credentials, signal)).toEqual({ outcome: 'erased', notice: null });
  });

  test('keeps what somebody else stored meanwhile', async () => {
    const auth = store();
    const credentials = await saveKey(auth, 'k');
    await writeFile(file, '{"OPENAI_API_KEY":"other"}');
    expect(await auth.erase(credentials, signal)).toEqual({ outcome: 'changed' });
    expect(await readFile(file, 'utf8')).toBe('{"OPENAI_API_KEY":"other"}');
  });

  test('keeps what it cannot read', async () => {
    const auth = store();
    const credentials = await saveKey(auth, 'k');
    await writeFile(file, 'half a fi');
    expect((await failure(() => auth.erase(credentials, signal)))[0]).toBe('authUnreadable');
    expect(await readFile(file, 'utf8')).toBe('half a fi');
  });

  test('removes a link, not its target, and says where the sign-in still is', async () => {
    const real = join(top, 'shared.json');
    await symlink(real, file);
    const auth = store();
    const credentials = await saveKey(auth, 'k');
    expect(await auth.erase(credentials, signal)).toEqual({
      outcome: 'erased',
      notice: `${file} was a link; the link was removed, and ${real} still holds the sign-in.`,
    });
    await expect(lstat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await auth.load()).toBeNull();
  });
});

describe('hasChanged', () => {
  test('sees every write that was not its own', async () => {
    const auth = store();
    const seen: boolean[] = [await auth.hasChanged()];
    const look = async (change: () => Promise<unknown>): Promise<void> => {
      await change();
      seen.push(await auth.hasChanged());
    };
    await look(() => auth.load());
    await look(() => saveKey(auth, 'k'));
    await look(() => writeFile(file, '{"OPENAI_API_KEY":"other"}'));
    await look(() => auth.load());
    await look(() => writeFile(file, 'broken'));
    await look(() => failure(() => auth.load()));
    await look(() => rm(file));
    await look(() => auth.load());
    expect(seen).toEqual([true, false, false, true, false, true, false, true, false]);
  });
});

test('operations run in the order they were asked for', async () => {
  const auth = store();
  const keys = ['a', 'b', 'c', 'd'];
  const results = await Promise.all([...keys.map((key) => saveKey(auth, key)), auth.load()]);
  expect(results.at(-1)).toEqual({ kind: 'apikey', apiKey: 'd' });
});

test('two programs that write at once never leave half a file', async () => {
  const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
  await Promise.all(texts.flatMap((text) => [1, 2, 3].map(() => replaceFile(file, text, { mode: 0o600 }))));
  expect(texts).toContain(await readFile(file, 'utf8'));
  expect(await readdir(home)).toEqual(['auth.json']);
});

describe('other modes', () => {
  test('ephemeral credentials never touch the disk', async () => {
    const auth = createAuthStore({ home, mode: 'ephemeral' });
    const credentials = await saveKey(auth, 'k');
    expect(await auth.load()).toEqual(credentials);
    expect(await auth.erase(credentials, signal)).toEqual({ outcome: 'erased', notice: null });
    expect([await auth.load(), await readdir(home)]).toEqual([null, []]);
  });

  test('auto keeps to the file', async () => {
    await saveKey(createAuthStore({ home, mode: 'auto' }), 'k');
    expect(await readdir(home)).toEqual(['auth.json']);
  });

  test('keyring without one says so, instead of "signed out"', async () => {
    const auth = createAuthStore({ home, mode: 'keyring' });
    for (const run of [() => auth.load(), () => saveKey(auth, 'k'), () => auth.erase(null, signal)]) {
      expect((await failure(run))[1]).toContain('no keyring is set up here');
    }
    expect(await readdir(home)).toEqual([]);
  });
});
