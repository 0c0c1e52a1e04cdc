import { describe, expect, test } from 'vitest';
import { childEnvironment, type ShellEnvironmentPolicy } from '../../../machines/exec/child-environment.ts';

const facts = { threadId: 't1', callId: 'c1', version: '1.2.3', networkDisabled: false, forbidden: [] };
const all: ShellEnvironmentPolicy = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [],
  includeOnly: [],
  set: {},
};
const ours = {
  CODEX_CI: '1',
  NO_COLOR: '1',
  TERM: 'dumb',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GH_PAGER: 'cat',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  LC_CTYPE: 'C.UTF-8',
  COLORTERM: '',
  CODEX_THREAD_ID: 't1',
  CODEX_SESSION_ID: 't1',
  CODEX_TOOL_CALL_ID: 'c1',
  CODEX_VERSION: '1.2.3',
  CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS: '1',
};
const client = { PATH: '/bin', Home: '/h', MY_KEY: 'k', GH_Token: 't', EDITOR: 'vi', LANG: 'de_DE', GONE: undefined };

describe('childEnvironment', () => {
  test.each([
    {
      name: 'inherits all, secrets too by default',
      policy: {},
      left: ['EDITOR', 'GH_Token', 'Home', 'MY_KEY', 'PATH'],
    },
    { name: 'inherits the core', policy: { inherit: 'core' }, left: ['Home', 'PATH'] },
    { name: 'inherits nothing', policy: { inherit: 'none' }, left: [] },
    { name: 'drops what looks secret', policy: { ignoreDefaultExcludes: false }, left: ['EDITOR', 'Home', 'PATH'] },
    {
      name: 'excludes by glob in any case',
      policy: { exclude: ['ed*', '?ATH'] },
      left: ['GH_Token', 'Home', 'MY_KEY'],
    },
    { name: 'includes only what matches', policy: { includeOnly: ['p*', 'HOME'] }, left: ['Home', 'PATH'] },
    {
      name: 'reads other pattern signs as letters',
      policy: { exclude: ['P.TH', '[E]DITOR'] },
      left: ['EDITOR', 'GH_Token', 'Home', 'MY_KEY', 'PATH'],
    },
    { name: 'sets after excluding', policy: { exclude: ['*'], set: { EDITOR: 'ed' } }, left: ['EDITOR'] },
    { name: 'lets include_only judge what is set', policy: { includeOnly: ['PATH'], set: { A: '1' } }, left: ['PATH'] },
  ] as const)('$name', ({ policy, left }) => {
    const env = childEnvironment(client, { ...all, ...policy }, facts);
    expect(
      Object.keys(env)
        .filter((name) => !(name in ours))
        .sort(),
    ).toEqual(left);
    expect(env).toMatchObject(ours);
  });

  test('our own credentials never reach a child, not even by set', () => {
    const secrets = { CODEX_API_KEY: 's', CODEX_ACCESS_TOKEN: 's', PROVIDER: 's', OPENAI_API_KEY: 'visible' };
    const policy = { ...all, set: { CODEX_API_KEY: 's', PROVIDER: 's' } };
    expect(childEnvironment(secrets, policy, { ...facts, forbidden: ['PROVIDER'] })).toEqual({
      ...ours,
      OPENAI_API_KEY: 'visible',
    });
  });

  test('says that the network is off only when it is', () => {
    const lying = { CODEX_SANDBOX_NETWORK_DISABLED: '1' };
    expect(childEnvironment(lying, all, facts)).toEqual(ours);
    const off = { ...facts, networkDisabled: true, permissionProfile: ':workspace' };
    expect(childEnvironment({}, all, off)).toEqual({
      ...ours,
      CODEX_SANDBOX_NETWORK_DISABLED: '1',
      CODEX_PERMISSION_PROFILE: ':workspace',
    });
  });

  test('a variable named like a built-in member is only a variable', () => {
    const env = childEnvironment(JSON.parse('{"__proto__":"x","constructor":"y"}'), all, facts);
    expect(Object.entries(env)).toContainEqual(['__proto__', 'x']);
    expect(env).toHaveProperty('constructor', 'y');
  });
});
