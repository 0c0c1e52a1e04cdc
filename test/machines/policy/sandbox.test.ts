import { describe, expect, test } from 'vitest';
import {
  canWrite,
  isInside,
  protectedPaths,
  type SandboxPolicy,
  sandboxPlan,
  writableRoots,
} from '../../../machines/policy/sandbox.ts';

const full: SandboxPolicy = { type: 'dangerFullAccess' };
const readOnly: SandboxPolicy = { type: 'readOnly', networkAccess: false };
const workspace: SandboxPolicy = {
  type: 'workspaceWrite',
  writableRoots: ['/data'],
  networkAccess: false,
  excludeTmpdirEnvVar: false,
  excludeSlashTmp: false,
};
const place = { cwd: '/home/ann/work', tmpdir: '/var/tmp/ann' };

describe('writableRoots', () => {
  test.each([
    { name: 'full access opens everything', policy: full, roots: ['/'] },
    { name: 'read-only opens nothing', policy: readOnly, roots: [] },
    {
      name: 'workspace-write opens cwd, extra roots and both temporary folders',
      policy: workspace,
      roots: ['/home/ann/work', '/data', '/tmp', '/var/tmp/ann'],
    },
    {
      name: 'leaves out /tmp when told so',
      policy: { ...workspace, excludeSlashTmp: true },
      roots: ['/home/ann/work', '/data', '/var/tmp/ann'],
    },
    {
      name: 'leaves out $TMPDIR when told so',
      policy: { ...workspace, excludeTmpdirEnvVar: true },
      roots: ['/home/ann/work', '/data', '/tmp'],
    },
  ] as const)('$name', ({ policy, roots }) => {
    expect(writableRoots(policy, place)).toEqual(roots);
  });

  test('takes a temporary folder with an end slash once, and a relative one not at all', () => {
    expect(writableRoots(workspace, { cwd: '/w', tmpdir: '/tmp/' })).toEqual(['/w', '/data', '/tmp']);
    expect(writableRoots(workspace, { cwd: '/w', tmpdir: 'tmp' })).toEqual(['/w', '/data', '/tmp']);
  });
});

describe('canWrite', () => {
  test.each([
    { path: '/home/ann/work/a.txt', policy: workspace, can: true },
    { path: '/home/ann/work', policy: workspace, can: true },
    { path: '/home/ann/workshop/a.txt', policy: workspace, can: false },
    { path: '/home/ann/work/.git/config', policy: workspace, can: false },
    { path: '/home/ann/work/.git', policy: workspace, can: false },
    { path: '/home/ann/work/.codex/config.toml', policy: workspace, can: false },
    { path: '/home/ann/work/.agents/x', policy: workspace, can: false },
    { path: '/data/.aws/credentials', policy: workspace, can: false },
    { path: '/home/ann/work/.gitignore', policy: workspace, can: true },
    { path: '/home/ann/work/sub/.git/config', policy: workspace, can: true },
    { path: '/etc/passwd', policy: workspace, can: false },
    { path: '/etc/passwd', policy: full, can: true },
    { path: '/home/ann/work/.git/config', policy: full, can: true },
    { path: '/home/ann/work/a.txt', policy: readOnly, can: false },
  ])('$policy.type $path: $can', ({ path, policy, can }) => {
    expect(canWrite(policy, place, path)).toBe(can);
  });

  test('a root opened below a protected name is writable, but not what is protected in it', () => {
    const nested = { ...workspace, writableRoots: ['/home/ann/work/.codex/trees/one'] };
    expect(canWrite(nested, place, '/home/ann/work/.codex/trees/one/a')).toBe(true);
    expect(canWrite(nested, place, '/home/ann/work/.codex/trees/two/a')).toBe(false);
    expect(canWrite(nested, place, '/home/ann/work/.codex/trees/one/.git/a')).toBe(false);
  });
});

describe('sandboxPlan', () => {
  test('full access has no plan', () => {
    expect(sandboxPlan(full, { ...place, hidden: ['/secret'] })).toBeNull();
  });

  test('protects names in every root and hides what it is told', () => {
    const policy = { ...workspace, writableRoots: [], excludeSlashTmp: true, networkAccess: true };
    expect(sandboxPlan(policy, { cwd: '/w', tmpdir: null, hidden: ['/secret'] })).toEqual({
      binds: ['/w'],
      protectedPaths: ['/w/.git', '/w/.codex', '/w/.agents', '/w/.aws'],
      guarded: [],
      hidden: ['/secret'],
      network: true,
    });
  });

  test.each([
    ['/tmp/home/config.toml', false],
    ['/tmp/home', false],
    ['/tmp/home-of-another/file', true],
    ['/tmp/home/practice/example-1/src/a.js', true],
  ])('a guarded folder below a root: %s may be written: %s', (path, may) => {
    const guardedPlace = { cwd: '/tmp/home/practice/example-1', tmpdir: null, guarded: ['/tmp/home'] };
    expect(canWrite({ ...workspace, excludeSlashTmp: false }, guardedPlace, path)).toBe(may);
  });

  test('the root folder is a root like any other', () => {
    expect(protectedPaths('/')).toEqual(['/.git', '/.codex', '/.agents', '/.aws']);
    expect(isInside('/a/b', '/')).toBe(true);
  });
});
