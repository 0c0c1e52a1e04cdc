import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startCli } from '../support/cli-context.ts';
import { type Scene, startScene } from '../support/scene.ts';

/** Runs `codex mcp …` beside the scene's daemon. */
const mcp = ({ temp }: Scene, ...args: string[]) =>
  startCli(['mcp', ...args], { env: { CODEX_HOME: temp.home, HOME: temp.root }, cwd: temp.workspace }).done;

describe('codex mcp', () => {
  test('adds a program, lists and shows it without its secrets, and removes it; comments of the file stay', async () => {
    const scene = await startScene({ config: { tables: ['# keep me'] } });
    expect(await mcp(scene, 'list')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'no MCP server is configured; `codex mcp add` adds one\n',
    });
    const words = ['--env', 'KEY=a=b', '--env-var', 'TOKEN', '--', 'serve', '--root', '/x y'];
    const added = await mcp(scene, 'add', 'notes', ...words);
    const file = join(scene.temp.home, 'config.toml');
    expect(added).toEqual({ exitCode: 0, stdout: '', stderr: `the MCP server notes is in ${file}\n` });

    const shown = await mcp(scene, 'get', 'notes');
    expect(shown.stdout.split('\n').map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
      'name notes',
      'state enabled',
      'starts serve --root /x y',
      'sets KEY=•••',
      'passes on TOKEN',
      '',
    ]);
    expect(JSON.parse((await mcp(scene, 'list', '--json')).stdout)).toEqual([
      {
        name: 'notes',
        enabled: true,
        transport: {
          type: 'stdio',
          command: 'serve',
          args: ['--root', '/x y'],
          env: { KEY: 'a=b' },
          env_vars: ['TOKEN'],
          cwd: null,
        },
        startup_timeout_sec: null,
        tool_timeout_sec: null,
        enabled_tools: null,
        disabled_tools: null,
        auth_status: 'unsupported',
      },
    ]);

    expect((await mcp(scene, 'remove', 'notes')).stderr).toBe('the MCP server notes is removed\n');
    const after = readFileSync(file, 'utf8');
    expect(after).toContain('# keep me');
    expect(after).not.toContain('notes');
  });

  test('adds an address, and puts another in its place', async () => {
    const scene = await startScene();
    const token = ['--bearer-token-env-var', 'ISSUES_TOKEN'];
    await mcp(scene, 'add', 'issues', '--url', 'https://old.test/mcp');
    const added = await mcp(scene, 'add', 'issues', '--json', '--url', 'https://new.test/mcp', ...token);
    expect(JSON.parse(added.stdout)).toMatchObject({
      transport: { type: 'streamable_http', url: 'https://new.test/mcp', bearer_token_env_var: 'ISSUES_TOKEN' },
      auth_status: 'bearer_token',
    });
    expect((await mcp(scene)).stdout).toMatch(
      /^NAME +STATE +PROGRAM OR ADDRESS\nissues +enabled +https:\/\/new\.test\/mcp\n$/,
    );
    const removed = await mcp(scene, 'remove', 'issues', '--json');
    expect(JSON.parse(removed.stdout)).toEqual({ name: 'issues', removed: true });
  });

  test.each([
    { args: ['get', 'none'], exitCode: 1, says: 'there is no MCP server none' },
    { args: ['remove', 'none'], exitCode: 1, says: 'there is no MCP server none' },
    { args: ['add', 'a.b', '--', 'x'], exitCode: 2, says: 'letters, digits, - and _ only' },
    { args: ['add', 'x'], exitCode: 2, says: 'say how to start it' },
    { args: ['add', 'x', '--url', 'https://x.test', '--', 'y'], exitCode: 2, says: 'say how to start it' },
    { args: ['add', 'x', '--url', 'https://x.test', '--env', 'A=b'], exitCode: 2, says: 'not for --url' },
    { args: ['add', 'x', '--bearer-token-env-var', 'A', '--', 'y'], exitCode: 2, says: 'not for a program' },
    { args: ['add', 'x', '--env', 'novalue', '--', 'y'], exitCode: 2, says: 'write it as KEY=VALUE' },
  ])('refuses $args with a reason', async ({ args, exitCode, says }) => {
    const scene = await startScene();
    const run = await mcp(scene, ...args);
    expect([run.exitCode, run.stderr]).toEqual([exitCode, expect.stringContaining(says)]);
  });
});
