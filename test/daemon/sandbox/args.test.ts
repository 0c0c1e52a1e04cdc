import { describe, expect, test } from 'vitest';
import { bwrapArgs } from '../../../daemon/sandbox/linux.ts';
import { seatbeltArgs } from '../../../daemon/sandbox/macos.ts';
import type { ResolvedPlan } from '../../../daemon/sandbox/resolve-plan.ts';

const nothing: ResolvedPlan = {
  writable: [],
  readOnly: [],
  frozen: [],
  hiddenFolders: [],
  hiddenFiles: [],
  masked: [],
  network: false,
  placeholders: [],
};
const START = ['--dev', '/dev', '--proc', '/proc'];
const END = ['--die-with-parent', '--cap-drop', 'ALL', '--seccomp', '3', '--chdir', '/w', '--'];
const own = (kind: string, path: string) => [kind, path, path];

/** The part between the fixed start and end. */
function mounts(plan: Partial<ResolvedPlan>): readonly string[] {
  const args = bwrapArgs({ ...nothing, ...plan }, '/w');
  expect(args.slice(3, 7)).toEqual(START);
  return args.slice(7, args.indexOf('--unshare-all'));
}

describe('bwrapArgs', () => {
  test('read-only without network', () => {
    expect(bwrapArgs(nothing, '/w')).toEqual(['--ro-bind', '/', '/', ...START, '--unshare-all', ...END]);
  });

  test('network on shares the network and nothing else', () => {
    const args = bwrapArgs({ ...nothing, network: true }, '/w');
    expect(args).toEqual(['--ro-bind', '/', '/', ...START, '--unshare-all', '--share-net', ...END]);
  });

  test.each([
    {
      name: 'protected folders lie on top of their root',
      plan: { readOnly: ['/w/.git'], writable: ['/w'] },
      mounts: [...own('--bind', '/w'), ...own('--ro-bind', '/w/.git')],
    },
    {
      name: 'a missing one is covered by an empty read-only folder',
      plan: { placeholders: ['/w/.codex'], writable: ['/w'] },
      mounts: [...own('--bind', '/w'), '--tmpfs', '/w/.codex', '--remount-ro', '/w/.codex'],
    },
    {
      name: 'writable folders above a nested root become mount points, which cannot be renamed',
      plan: { writable: ['/t', '/t/a/b/w'] },
      mounts: ['/t', '/t/a', '/t/a/b', '/t/a/b/w'].flatMap((path) => own('--bind', path)),
    },
    {
      name: 'folders outside the roots stay as they are',
      plan: { writable: ['/home/ann/w'], hiddenFolders: ['/run/user/1/s'] },
      mounts: [...own('--bind', '/home/ann/w'), '--tmpfs', '/run/user/1/s', '--remount-ro', '/run/user/1/s'],
    },
    {
      name: 'a hidden folder beats a root at the same place, a root inside it is still there',
      plan: { writable: ['/h', '/h/w'], hiddenFolders: ['/h'] },
      mounts: [...own('--bind', '/h'), '--tmpfs', '/h', ...own('--bind', '/h/w'), '--remount-ro', '/h'],
    },
    {
      name: 'a folder with a hidden file shows its other entries',
      plan: {
        writable: ['/w'],
        readOnly: ['/w/.codex'],
        masked: [
          {
            path: '/w/.codex',
            entries: [
              { path: '/w/.codex/a', link: null },
              { path: '/w/.codex/l', link: 'a' },
            ],
          },
        ],
      },
      mounts: [
        ...[...own('--bind', '/w'), ...own('--ro-bind', '/w/.codex'), '--tmpfs', '/w/.codex'],
        ...[...own('--ro-bind-try', '/w/.codex/a'), '--symlink', 'a', '/w/.codex/l', '--remount-ro', '/w/.codex'],
      ],
    },
    {
      name: 'its entries stay writable where they were',
      plan: { writable: ['/w'], masked: [{ path: '/w/s', entries: [{ path: '/w/s/a', link: null }] }] },
      mounts: [...own('--bind', '/w'), '--tmpfs', '/w/s', ...own('--bind-try', '/w/s/a'), '--remount-ro', '/w/s'],
    },
    {
      name: 'a root with a linked protected name takes no new names',
      plan: {
        writable: ['/w'],
        frozen: [
          {
            path: '/w',
            links: ['/w/.git'],
            entries: [
              { path: '/w/a', link: null },
              { path: '/w/l', link: 'a' },
            ],
          },
        ],
      },
      mounts: [...own('--ro-bind', '/w'), ...own('--bind-try', '/w/a')],
    },
  ])('$name', ({ plan, mounts: expected }) => {
    expect(mounts(plan)).toEqual(expected);
  });

  test('a workspace that is the whole disk', () => {
    const args = bwrapArgs({ ...nothing, writable: ['/'], readOnly: ['/.git'] }, '/w');
    expect(args.slice(0, 10)).toEqual(['--bind', '/', '/', ...START, '--ro-bind', '/.git', '/.git']);
  });
});

describe('seatbeltArgs', () => {
  test('paths travel as parameters, denials come after what they restrict', () => {
    const [flag, profile = '', ...rest] = seatbeltArgs({
      ...nothing,
      writable: ['/w', '/private/tmp'],
      readOnly: ['/w/.git'],
      placeholders: ['/w/.codex'],
      hiddenFolders: ['/h/daemon'],
      hiddenFiles: ['/h/auth.json'],
    });
    expect(flag).toBe('-p');
    expect(rest).toEqual([
      '-DWRITABLE_0=/w',
      '-DWRITABLE_1=/private/tmp',
      '-DPROTECTED_0=/w/.git',
      '-DPROTECTED_1=/w/.codex',
      '-DHIDDEN_0=/h/daemon',
      '-DHIDDEN_1=/h/auth.json',
      '--',
    ]);
    expect(profile.split('\n').slice(-3)).toEqual([
      '(allow file-write* (subpath (param "WRITABLE_0")) (subpath (param "WRITABLE_1")))',
      '(deny file-write* (subpath (param "PROTECTED_0")) (subpath (param "PROTECTED_1")))',
      '(deny file-read* file-write* (subpath (param "HIDDEN_0")) (subpath (param "HIDDEN_1")))',
    ]);
    expect(profile).toContain('(deny default)');
    expect(profile).not.toContain('network');
  });

  test('with network on, sockets that are files stay closed', () => {
    const [, profile = ''] = seatbeltArgs({ ...nothing, network: true });
    const rules = profile.split('\n');
    const denied = rules.indexOf('(deny network-outbound (remote unix-socket))');
    expect(denied).toBeGreaterThan(rules.findIndex((rule) => rule.startsWith('(allow network-outbound')));
  });
});
