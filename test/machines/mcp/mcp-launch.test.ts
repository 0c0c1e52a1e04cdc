import { describe, expect, test } from 'vitest';
import { isToolEnabled, needsApproval, startLimitMsOf, toolLimitMsOf } from '../../../machines/mcp/mcp-config.ts';
import { type McpPlace, secretsOf, toLaunch } from '../../../machines/mcp/mcp-launch.ts';

const place: McpPlace = {
  cwd: '/repo',
  variables: {
    PATH: '/bin',
    HOME: '/home/me',
    TERM: 'xterm',
    MY_TOKEN: 'tell-nobody',
    CODEX_API_KEY: 'sk-own',
    EMPTY: '',
  },
  umask: 0o022,
};

describe('how an MCP server is started', () => {
  test('with the usual variables, those that are named, and those that are set; nothing else', () => {
    const config = { command: 'serve', args: ['-v'], env: { MODE: 'fast' }, env_vars: ['MY_TOKEN', { name: 'GONE' }] };
    expect(toLaunch('box', config, place)).toEqual({
      kind: 'stdio',
      name: 'box',
      argv: ['serve', '-v'],
      cwd: '/repo',
      env: { PATH: '/bin', HOME: '/home/me', MY_TOKEN: 'tell-nobody', MODE: 'fast' },
      umask: 0o022,
    });
  });

  test('alike from two terminals that differ in what it does not need', () => {
    const there = { ...place, variables: { ...place.variables, TERM: 'dumb', TMUX: '1' } };
    expect(toLaunch('box', { command: 'serve' }, there)).toEqual(toLaunch('box', { command: 'serve' }, place));
  });

  test.each([
    ['/abs', '/abs'],
    ['sub', '/repo/sub'],
  ])('in the folder %s', (cwd, expected) => {
    expect(toLaunch('box', { command: 'serve', cwd }, place)).toMatchObject({ cwd: expected });
  });

  test('never with our own credentials', () => {
    const launch = toLaunch('box', { command: 'serve', env_vars: ['CODEX_API_KEY'] }, place);
    expect(JSON.stringify(launch)).not.toContain('sk-own');
    expect(() => toLaunch('box', { url: 'https://x.test', bearer_token_env_var: 'CODEX_API_KEY' }, place)).toThrow();
  });
});

describe('how an MCP server is reached', () => {
  test('with its token and its headers', () => {
    const config = {
      url: 'https://example.test/mcp',
      bearer_token_env_var: 'MY_TOKEN',
      http_headers: { 'x-a': '1' },
      env_http_headers: { 'x-b': 'HOME', 'x-c': 'EMPTY', 'x-d': 'GONE' },
    };
    const launch = toLaunch('far', config, place);
    expect(launch).toEqual({
      kind: 'http',
      name: 'far',
      url: 'https://example.test/mcp',
      headers: { 'x-a': '1', 'x-b': '/home/me', authorization: 'Bearer tell-nobody' },
      proxy: null,
    });
    expect(secretsOf(launch)).toContain('tell-nobody');
  });

  test.each([
    [{ url: 'https://x.test', bearer_token_env_var: 'GONE' }, 'GONE, which holds its token, is not set'],
    [{ url: 'file:///etc/passwd' }, 'no http or https address'],
    [{ url: 'http://' }, 'no http or https address'],
    [{}, 'neither a command nor a url'],
  ])('%o cannot be, and says why', (config, why) => {
    expect(() => toLaunch('far', config, place)).toThrow(why);
  });
});

test('what must not be seen is everything but the usual variables', () => {
  const config = { command: 'serve', env: { MODE: 'hush-hush' }, env_vars: ['MY_TOKEN'] };
  expect(secretsOf(toLaunch('box', config, place))).toEqual(['tell-nobody', 'hush-hush']);
});

describe('the settings of a server', () => {
  test('have their usual limits', () => {
    expect([startLimitMsOf({}), toolLimitMsOf({})]).toEqual([10_000, 60_000]);
    expect([startLimitMsOf({ startup_timeout_sec: 2.5 }), toolLimitMsOf({ tool_timeout_sec: 1 })]).toEqual([
      2_500, 1_000,
    ]);
    expect(startLimitMsOf({ startup_timeout_ms: 70 })).toBe(70);
  });

  test.each([
    [{}, true],
    [{ enabled_tools: ['t'] }, true],
    [{ enabled_tools: ['u'] }, false],
    [{ disabled_tools: ['t'] }, false],
    [{ enabled_tools: ['t'], disabled_tools: ['t'] }, false],
  ])('%o offers a tool: %s', (config, isOffered) => {
    expect(isToolEnabled(config, 't')).toBe(isOffered);
  });

  const tool = (annotations?: Record<string, unknown>) => ({
    name: 't',
    inputSchema: {},
    ...(annotations ? { annotations } : {}),
  });
  test.each([
    ['a tool that says nothing', {}, tool(), true],
    ['one that only reads', {}, tool({ readOnlyHint: true }), false],
    ['one that contradicts itself', {}, tool({ readOnlyHint: true, destructiveHint: true }), true],
    ['one that only adds, and only here', {}, tool({ destructiveHint: false, openWorldHint: false }), false],
    ['one that only adds, somewhere', {}, tool({ destructiveHint: false }), true],
    ['one of an approved server', { default_tools_approval_mode: 'approve' as const }, tool(), false],
    ['a reader that shall ask', { default_tools_approval_mode: 'prompt' as const }, tool({ readOnlyHint: true }), true],
    ['one with a mode of its own', { tools: { t: { approval_mode: 'approve' as const } } }, tool(), false],
  ])('%s is asked about as it should be', (_name, config, given, expected) => {
    expect(needsApproval(config, given)).toBe(expected);
  });
});
