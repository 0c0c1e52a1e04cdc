import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createAuth } from '../../../daemon/auth/auth.ts';
import { type Clock, systemClock } from '../../../daemon/deps.ts';
import { type AuthStore, createAuthStore } from '../../../daemon/store/auth-store.ts';
import { createKeyring } from '../../../daemon/store/keyring.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import { startFakeAuthServer } from '../../support/fake-auth-server.ts';
import { authParts, chatgptFile } from '../auth/auth-fixtures.ts';

/** A keyring as the module sees it, kept in a file, for each call has a process of its own; `how` makes it fail. */
const KEYTAR = `
  const fs = require('node:fs');
  const path = require('node:path');
  const kept = path.join(__dirname, 'kept.json');
  const read = () => (fs.existsSync(kept) ? JSON.parse(fs.readFileSync(kept, 'utf8')) : {});
  const write = (all) => fs.writeFileSync(kept, JSON.stringify(all));
  const howFile = path.join(__dirname, 'how');
  const how = () => (fs.existsSync(howFile) ? fs.readFileSync(howFile, 'utf8') : '');
  const guard = (service) => {
    if (how() === 'gone') throw new Error('Cannot autolaunch D-Bus');
    if (how() === 'later gone' && service !== 'codex-daemon probe') throw new Error('the bus is gone');
  };
  module.exports = {
    getPassword: async (s, a) => (guard(s), how() === 'locked' && s === 'Codex Auth' ? null : read()[s + a] ?? null),
    setPassword: async (s, a, secret) => (guard(s), write({ ...read(), [s + a]: secret })),
    deletePassword: async (s, a) => { guard(s); const all = read(); const had = s + a in all; delete all[s + a]; write(all); return had; },
  };`;

let top: string;
let entry: string;
let module: string;
let home: string;
let count = 0;
const signal = new AbortController().signal;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'keyring-'));
  entry = join(top, 'keychain-process.cjs');
  module = join(top, 'node_modules/keytar');
  const source = join(import.meta.dirname, '../../../daemon/store/keychain-process.ts');
  await build({
    entryPoints: [source],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
  });
  await mkdir(module, { recursive: true });
  await writeFile(join(module, 'index.js'), KEYTAR);
});

afterAll(async () => rm(top, { recursive: true, force: true }));

beforeEach(async () => {
  count += 1;
  home = join(top, `home-${count}`);
  await mkdir(home);
  await rm(join(module, 'kept.json'), { force: true });
  await rm(join(module, 'how'), { force: true });
});

const how = (text: string) => writeFile(join(module, 'how'), text);
const entries = async () =>
  Object.keys(JSON.parse(await readFile(join(module, 'kept.json'), 'utf8').catch(() => '{}'))).length;

function store(mode: 'keyring' | 'auto', clock: Clock = systemClock): AuthStore {
  const env = { PATH: process.env.PATH, HOME: top };
  const keychain = { entry, clock, env, callLimitMs: 20_000 };
  return createAuthStore({
    home,
    mode,
    keyring: createKeyring({ home, notePath: join(home, 'keyring.json'), keychain }),
  });
}

async function failureOf(run: Promise<unknown>): Promise<readonly [string, string]> {
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  if (!(error instanceof RpcError)) throw new Error(`no RpcError but ${String(error)}`);
  return [error.errorName, error.message];
}

const key = { kind: 'apikey', apiKey: 'sk-1' } as const;

describe.each(['keyring', 'auto'] as const)('with cli_auth_credentials_store = "%s"', (mode) => {
  test('a sign-in lies in the keyring alone, is found by the next daemon, and goes with a logout', async () => {
    await writeFile(join(home, 'auth.json'), '{"OPENAI_API_KEY":"sk-old"}');
    const { credentials } = await store(mode).save(key, signal);
    expect([await readdir(home), await entries()]).toEqual([['keyring.json'], 1]);
    expect(await readFile(join(home, 'keyring.json'), 'utf8')).not.toContain('sk-1');
    const next = store(mode);
    expect(await next.load()).toEqual(credentials);
    expect(await next.hasChanged()).toBe(false);
    expect(await next.describe()).toMatchObject({ mode, kind: 'keyring', reason: null });
    expect(await next.erase(credentials, signal)).toEqual({ outcome: 'erased', notice: null });
    expect([await readdir(home), await entries(), await store(mode).load()]).toEqual([[], 0, null]);
  });

  test('a keyring that gives nothing where something was stored is unreadable, not "signed out"', async () => {
    const { credentials } = await store(mode).save(key, signal);
    await how('locked');
    const auth = store(mode);
    expect(await failureOf(auth.load())).toEqual(['authUnreadable', expect.stringContaining('may be locked')]);
    expect((await failureOf(auth.erase(credentials, signal)))[0]).toBe('authUnreadable');
    expect(await entries()).toBe(1);
  });

  test('a keyring that is gone where something was stored is unreadable, too', async () => {
    await store(mode).save(key, signal);
    await how('gone');
    expect(await failureOf(store(mode).load())).toEqual(['authUnreadable', expect.stringContaining('D-Bus')]);
  });
});

test('auto keeps to the file where there is no keyring, and says why', async () => {
  await how('gone');
  const auth = store('auto');
  const { credentials } = await auth.save(key, signal);
  expect(await readdir(home)).toEqual(['auth.json']);
  expect(await auth.describe()).toMatchObject({ kind: 'file', reason: 'Cannot autolaunch D-Bus' });
  expect(await auth.erase(credentials, signal)).toEqual({ outcome: 'erased', notice: null });
  expect(await readdir(home)).toEqual([]);
});

test('auto that had to fall back never finds the older entry again', async () => {
  await store('auto').save(key, signal);
  await how('later gone');
  const auth = store('auto');
  const { credentials } = await auth.save({ kind: 'apikey', apiKey: 'sk-2' }, signal);
  await how('');
  expect(await store('auto').load()).toEqual(credentials);
  await store('auto').erase(credentials, signal);
  expect([await readdir(home), await entries()]).toEqual([[], 0]);
});

test('keyring that cannot be used fails instead of writing a file', async () => {
  await how('gone');
  const auth = store('keyring');
  expect(await failureOf(auth.load())).toEqual(['authUnreadable', expect.stringContaining('D-Bus')]);
  expect((await failureOf(auth.save(key, signal)))[0]).toBe('internal');
  expect(await readdir(home)).toEqual([]);
});

test('a keyring that could not be used is tried again after a minute, and one that could is not', async () => {
  await how('gone');
  let nowMs = 0;
  const auth = store('keyring', { ...systemClock, now: () => nowMs });
  await failureOf(auth.load());
  await how('');
  nowMs = 59_999;
  expect((await failureOf(auth.load()))[1]).toContain('D-Bus');
  nowMs = 60_000;
  expect(await auth.load()).toBeNull();
  await how('gone');
  nowMs = 1_000_000;
  expect(await auth.describe()).toMatchObject({ kind: 'keyring', reason: null });
});

test('a file beneath that holds another ChatGPT sign-in is kept: it was not revoked', async () => {
  const auth = store('auto');
  const { credentials } = await auth.save(key, signal);
  await writeFile(join(home, 'auth.json'), chatgptFile);
  expect(await auth.erase(credentials, signal)).toEqual({
    outcome: 'erased',
    notice: expect.stringContaining('holds another sign-in'),
  });
  expect(await readFile(join(home, 'auth.json'), 'utf8')).toBe(chatgptFile);
});

test('a ChatGPT sign-in there is revoked before its entry goes; when that fails, the entry stays', async () => {
  const fake = await startFakeAuthServer();
  onTestFinished(() => fake.close());
  const refreshToken = fake.issue();
  const given = { kind: 'chatgpt', idToken: fake.idToken(), accessToken: 'a', refreshToken, apiKey: null } as const;
  await store('keyring').save(given, signal);
  await writeFile(join(home, 'auth.json'), '{"OPENAI_API_KEY":"sk-beneath"}');
  const auth = createAuth({ ...authParts(home), store: store('keyring') });
  onTestFinished(() => auth.stop());
  fake.fail('revoke', { kind: 'status', status: 500 });
  expect((await failureOf(auth.logout({ server: fake.server })))[0]).toBe('revokeFailed');
  expect([await entries(), existsSync(join(home, 'auth.json'))]).toEqual([1, true]);
  fake.fail('revoke', null);
  expect(await auth.logout({ server: fake.server })).toEqual({ wasSignedIn: true, notice: null });
  expect([await entries(), existsSync(join(home, 'auth.json'))]).toEqual([0, false]);
  expect([fake.revoked, fake.requestsTo('/oauth/revoke').length]).toEqual([[refreshToken], 2]);
});

/** The real thing: keytar as it was installed, and a Secret Service of our own. */
const keytarBinary = join(import.meta.dirname, '../../../node_modules/keytar/build/Release/keytar.node');
const isThere = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
const isMissing = !existsSync(keytarBinary) || !isThere('gnome-keyring-daemon') || !isThere('dbus-run-session');

// Not `skipIf`: a skipped test fails CI, whose machine may lack these parts (apt: gnome-keyring dbus libsecret-1-dev).
if (isMissing)
  console.warn('not tested: a real Secret Service, which needs keytar, gnome-keyring and dbus-run-session');
else
  describe('a real Secret Service', () => {
    test.each(['unlocked', 'locked', 'no bus'])(
      '%s',
      async (kind) => {
        const { runWithSecretService } = await import('../../support/secret-service.ts');
        const outcome = await runWithSecretService(kind);
        expect(outcome).toEqual(
          kind === 'unlocked'
            ? { kind: 'keyring', loaded: 'sk-real', erased: 'erased', after: null }
            : { kind: 'file', loaded: 'sk-real', erased: 'erased', after: null },
        );
      },
      60_000,
    );
  });
