import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mendFor, probeSandbox } from '../../../daemon/sandbox/probe.ts';
import { lacksSandbox } from '../exec/command-harness.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codex-probe-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

describe('probeSandbox', () => {
  test('names the command that installs what is missing', async () => {
    program('dnf', '');
    expect(await probeSandbox({ platform: 'linux', arch: 'x64', searchPath: folder })).toEqual({
      available: false,
      reason: 'bubblewrap (bwrap) is not installed',
      mend: 'sudo dnf install bubblewrap',
    });
  });

  test('without a known package manager it names the package', async () => {
    expect(await probeSandbox({ platform: 'linux', arch: 'x64', searchPath: `relative:${folder}` })).toMatchObject({
      mend: 'install the package bubblewrap',
    });
  });

  test('hands on what bubblewrap says', async () => {
    program('bwrap', 'echo "bwrap: cannot do it" >&2; exit 1');
    expect(await probeSandbox({ platform: 'linux', arch: 'x64', searchPath: folder })).toMatchObject({
      available: false,
      reason: 'bwrap: cannot do it',
    });
  });

  test.each([
    { platform: 'linux', arch: 'riscv64', reason: 'there is no system-call filter for riscv64 processors' },
    { platform: 'win32', arch: 'x64', reason: 'there is none for win32' },
  ])('$platform on $arch has none', async ({ platform, arch, reason }) => {
    expect(await probeSandbox({ platform, arch, searchPath: folder })).toMatchObject({ available: false, reason });
  });
});

describe.skipIf(lacksSandbox || process.platform !== 'linux')('on this machine', () => {
  test('finds the real one', async () => {
    expect(await probeSandbox()).toMatchObject({ available: true, kind: 'bubblewrap' });
  });
});

describe('mendFor', () => {
  const open = { apparmorRestricts: null, userNamespaces: null, maxUserNamespaces: '1000' };
  test.each([
    {
      name: 'AppArmor',
      switches: { ...open, apparmorRestricts: '1' },
      mend: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    },
    {
      name: 'Debian’s switch',
      switches: { ...open, userNamespaces: '0' },
      mend: 'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    },
    {
      name: 'no namespaces left',
      switches: { ...open, maxUserNamespaces: '0' },
      mend: 'sudo sysctl -w user.max_user_namespaces=15000',
    },
  ])('$name', ({ switches, mend }) => {
    expect(mendFor('bwrap: No permissions to create a new namespace', switches)).toBe(mend);
  });

  test('a refusal without a switch points to the container', () => {
    expect(mendFor("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", open)).toContain(
      '--security-opt',
    );
    expect(mendFor('bwrap: something else', open)).toContain('bwrap --ro-bind / /');
  });
});
