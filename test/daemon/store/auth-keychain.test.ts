import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../daemon/deps.ts';
import { probeKeychain } from '../../../daemon/store/keychain.ts';

let top: string;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'keychain-'));
});

afterAll(async () => rm(top, { recursive: true, force: true }));

/** The real child process, bundled into a folder of its own; `keytar` is the module that it finds there, if any. */
async function bundled(name: string, keytar: string | null): Promise<string> {
  const entry = join(top, name, 'keychain-process.cjs');
  const source = join(import.meta.dirname, '../../../daemon/store/keychain-process.ts');
  await build({
    entryPoints: [source],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
  });
  if (keytar !== null) {
    await mkdir(join(top, name, 'node_modules/keytar'), { recursive: true });
    await writeFile(join(top, name, 'node_modules/keytar/index.js'), keytar);
  }
  return entry;
}

const keyring = (body: string): string => `
  const kept = new Map();
  const key = (service, account) => service + '/' + account;
  module.exports = {
    getPassword: async (s, a) => kept.get(key(s, a)) ?? null,
    setPassword: async (s, a, secret) => void kept.set(key(s, a), secret),
    deletePassword: async (s, a) => kept.delete(key(s, a)),
    ${body}
  };`;

describe('probeKeychain', () => {
  test.each([
    ['works', keyring(''), { available: true, reason: null }],
    [
      'missing',
      null,
      { available: false, reason: 'the optional module keytar is not installed, so the system keyring cannot be used' },
    ],
    [
      'foreign',
      'module.exports = {};',
      { available: false, reason: 'the module keytar has not the functions that are needed' },
    ],
    [
      'no-bus',
      keyring('setPassword: async () => { throw new Error("Cannot autolaunch D-Bus without X11 $DISPLAY"); },'),
      { available: false, reason: 'Cannot autolaunch D-Bus without X11 $DISPLAY' },
    ],
    [
      'locked',
      keyring('getPassword: async () => null,'),
      { available: false, reason: 'the keyring did not give back what was stored' },
    ],
    [
      'sticky',
      keyring('deletePassword: async () => false,'),
      { available: false, reason: 'the keyring did not remove what was stored' },
    ],
    [
      'crash',
      keyring('getPassword: () => process.kill(process.pid, "SIGSEGV"),'),
      { available: false, reason: 'the keyring process ended without an answer' },
    ],
    [
      'stuck',
      keyring('setPassword: () => new Promise(() => undefined),'),
      { available: false, reason: 'the keyring gave no answer within 0.5 seconds' },
    ],
  ])('says what a keyring is good for: %s', async (name, keytar, probe) => {
    const entry = await bundled(name, keytar);
    const env = { PATH: process.env.PATH, HOME: top };
    expect(
      await probeKeychain({ entry, clock: systemClock, env, callLimitMs: name === 'stuck' ? 500 : 20_000 }),
    ).toEqual(probe);
  });

  test('a process that cannot start is a reason, too', async () => {
    const entry = join(top, 'nowhere.cjs');
    expect(await probeKeychain({ entry, clock: systemClock, env: {} })).toMatchObject({ available: false });
  });
});
