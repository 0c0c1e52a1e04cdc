import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveHome } from '../../../client/connection/home.ts';
import { checkSocketPlace } from '../../../client/connection/socket-place.ts';
import { FakeDaemon } from '../../support/fake-daemon.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'codex-places-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the home folder', () => {
  test('is CODEX_HOME, else .codex in the user folder, and is not created', () => {
    expect(resolveHome({ CODEX_HOME: `${folder}/a`, HOME: folder }).home).toBe(`${folder}/a`);
    expect(resolveHome({ CODEX_HOME: '', HOME: folder }).home).toBe(`${folder}/.codex`);
    expect(resolveHome({ HOME: `${folder}/no/such` }).home).toBe(`${folder}/no/such/.codex`);
  });

  test('has one name and so one daemon, whichever link leads to it', () => {
    mkdirSync(`${folder}/real`);
    symlinkSync(`${folder}/real`, `${folder}/link`);

    expect(resolveHome({ CODEX_HOME: `${folder}/link` })).toEqual(resolveHome({ CODEX_HOME: `${folder}/real/` }));
  });

  test.each(['file', 'file/below'])('that cannot be used is said to be so: %s', (name) => {
    writeFileSync(`${folder}/file`, '');

    expect(() => checkSocketPlace(resolveHome({ CODEX_HOME: `${folder}/${name}` }))).toThrow(
      new RegExp(
        `^the home folder ${folder}/${name} cannot be used \\(ENOTDIR.*; mend that, or name another .*CODEX_HOME$`,
      ),
    );
  });

  test('with a long name has its socket in the short folder', () => {
    const { paths, uid } = resolveHome({ CODEX_HOME: join(folder, 'x'.repeat(100)) });

    expect(paths.socketPath).toMatch(new RegExp(`^/tmp/codex-${uid}/[0-9a-f]{16}\\.sock$`));
  });
});

describe('the place of the socket', () => {
  test('is empty, or holds a socket of this user', async () => {
    const home = resolveHome({ CODEX_HOME: folder });
    expect(checkSocketPlace(home)).toBe(false);
    const fake = await new FakeDaemon(home).start();
    expect(checkSocketPlace(home)).toBe(true);
    await fake.stop();
  });

  test.each([
    {
      name: 'a folder that others may write to',
      make: (dir: string) => chmodSync(dir, 0o777),
      says: /others may write to .*; run `chmod 700/,
    },
    {
      name: 'a plain file in the place of the socket',
      make: (dir: string) => writeFileSync(join(dir, 'daemon.sock'), ''),
      says: /is not a socket; remove it/,
    },
    {
      name: 'a link in the place of the socket',
      make: (dir: string) => symlinkSync('/dev/null', join(dir, 'daemon.sock')),
      says: /is not a socket; remove it/,
    },
    {
      name: 'a link in the place of the folder',
      make: (dir: string) => {
        rmSync(dir, { recursive: true });
        symlinkSync(folder, dir);
      },
      says: /is not a folder; remove it/,
    },
  ])('is refused: $name', ({ make, says }) => {
    const home = resolveHome({ CODEX_HOME: folder });
    mkdirSync(home.paths.socketDir, { mode: 0o700 });
    make(home.paths.socketDir);

    expect(() => checkSocketPlace(home)).toThrow(says);
  });

  test('is refused when the folder belongs to somebody else', () => {
    const home = resolveHome({ CODEX_HOME: folder });
    mkdirSync(home.paths.socketDir, { mode: 0o700 });

    expect(() => checkSocketPlace({ ...home, uid: home.uid + 1 })).toThrow(/belongs to user/);
  });
});
