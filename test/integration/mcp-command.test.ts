import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startCli } from '../support/cli-context.ts';
import { startOauthMcp } from '../support/fake-oauth-mcp.ts';
import { type Scene, startScene } from '../support/scene.ts';

/** Starts `codex mcp …` beside the scene's daemon. */
const startMcp = ({ temp }: Scene, ...args: string[]) =>
  startCli(['mcp', ...args], { env: { CODEX_HOME: temp.home, HOME: temp.root }, cwd: temp.workspace });

/** Runs it. */
const mcp = (scene: Scene, ...args: string[]) => startMcp(scene, ...args).done;

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
    await mcp(scene, 'add', 'issues', '--url', 'http://127.0.0.1:9/mcp');
    const added = await mcp(scene, 'add', 'issues', '--json', '--url', 'https://new.test/mcp', ...token);
    expect(JSON.parse(added.stdout)).toMatchObject({
      transport: { type: 'streamable_http', url: 'https://new.test/mcp', bearer_token_env_var: 'ISSUES_TOKEN' },
      auth_status: 'bearer_token',
    });
    expect((await mcp(scene)).stdout).toMatch(
      /^NAME +STATE +AUTH +PROGRAM OR ADDRESS\nissues +enabled +token +https:\/\/new\.test\/mcp\n$/,
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
    { args: ['login', 'x'], exitCode: 1, says: "No MCP server named 'x' found." },
    { args: ['login', 'x', '--scopes', ','], exitCode: 2, says: 'name at least one' },
    { args: ['logout', 'x'], exitCode: 1, says: "Error logging out of MCP server 'x': No MCP server named 'x' found." },
    { args: ['add', 'x', '--env', 'novalue', '--', 'y'], exitCode: 2, says: 'write it as KEY=VALUE' },
  ])('refuses $args with a reason', async ({ args, exitCode, says }) => {
    const scene = await startScene();
    const run = await mcp(scene, ...args);
    expect([run.exitCode, run.stderr]).toEqual([exitCode, expect.stringContaining(says)]);
  });
});

describe('codex mcp login and logout', () => {
  test('sign in with a browser and out again; the list says how it stands', async () => {
    const box = await startOauthMcp();
    const scene = await startScene();
    const added = await mcp(scene, 'add', 'box', '--url', box.url);
    expect(added.stderr).toContain('it wants a sign-in: `codex mcp login box`\n');
    const auth = async () => {
      const { stdout } = await mcp(scene, 'list', '--json');
      const row = (await mcp(scene, 'list')).stdout.split('\n')[1]?.split(/ {2,}/);
      return [(JSON.parse(stdout) as { auth_status: string }[]).map(({ auth_status }) => auth_status), row];
    };
    expect(await auth()).toEqual([['not_logged_in'], ['box', 'enabled', 'not signed in', box.url]]);

    const login = startMcp(scene, 'login', 'box', '--scopes', 'a,b');
    await login.stderr.saw('Ctrl-C cancels.');
    const [address = ''] = login.openedUrls;
    expect(new URL(address).searchParams.get('scope')).toBe('a b');
    await fetch(address);
    expect(await login.done).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: [
        'Signing in to the MCP server box. If no browser opens, open this address in one on this machine:',
        `\n${address}\n`,
        'Ctrl-C cancels.',
        "Successfully logged in to MCP server 'box'.\n",
      ].join('\n'),
    });
    expect(await auth()).toEqual([['o_auth'], ['box', 'enabled', 'signed in', box.url]]);
    expect((await mcp(scene, 'get', 'box')).stdout).toMatch(/^auth +signed in$/m);

    expect(await mcp(scene, 'logout', 'box')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: "Removed OAuth credentials for 'box', and revoked them.\n",
    });
    expect(JSON.parse((await mcp(scene, 'logout', 'box', '--json')).stdout)).toEqual({
      name: 'box',
      removed: false,
      revoked: false,
      notice: null,
    });
    expect((await mcp(scene, 'logout', 'box')).stderr).toBe("No OAuth credentials stored for 'box'.\n");
  });

  test('a server that cannot be told of a logout; a person who says no; Ctrl-C', async () => {
    const box = await startOauthMcp({ revokes: false });
    const scene = await startScene({ config: { tables: ['[mcp_servers.box]', `url = "${box.url}"`] } });
    const begin = async () => {
      const login = startMcp(scene, 'login', 'box', '--no-browser');
      await login.stderr.saw('Ctrl-C cancels.');
      expect(login.openedUrls).toEqual([]);
      return { login, address: /http\S+/.exec(login.stderr.text)?.[0] ?? '' };
    };
    const yes = await begin();
    await fetch(yes.address);
    expect((await yes.login.done).exitCode).toBe(0);
    expect((await mcp(scene, 'logout', 'box')).stderr).toMatch(
      /^Removed OAuth credentials for 'box'; the server cannot be told of it: its token stays valid/,
    );

    box.answerNext = 'denied';
    const no = await begin();
    await fetch(no.address);
    expect(await no.login.done).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Error logging in to MCP server 'box': access_denied: the person said no\n"),
    });

    const stopped = await begin();
    stopped.login.signal('SIGINT');
    expect(await stopped.login.done).toMatchObject({
      exitCode: 130,
      stderr: expect.stringMatching(/Login cancelled\n$/),
    });
    await expect(fetch(new URL(stopped.address).searchParams.get('redirect_uri') ?? '')).rejects.toThrow();
  });
});
