import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { threadAttach, threadResume } from '../../machines/protocol/methods/thread.ts';
import { threadShellCommand } from '../../machines/protocol/methods/thread-work.ts';
import { startThread } from '../support/client-turns.ts';
import { addMcpServer, type McpJournal, startHttpMcp } from '../support/fake-mcp.ts';
import { call, outputsOf, type RecordedRequest, reply, type Step, text } from '../support/fake-openai.ts';
import { logPathOf, type SceneOptions, startScene } from '../support/scene.ts';
import { isAlive, until } from '../support/start-daemon.ts';
import type { TempHome } from '../support/temp-home.ts';

const boxCall = (name: string, args: unknown = {}) => call(name, args, { callId: 'c1', namespace: 'mcp__box' });
/** Every turn calls one tool, then says so. */
const calling =
  (name: string, args: unknown = {}) =>
  ({ body }: RecordedRequest): Step =>
    body.input.at(-1)?.type === 'function_call_output' ? text('Done') : reply([boxCall(name, args)]);

async function boxScene(
  options: SceneOptions,
  add: (temp: TempHome) => McpJournal = (temp) => addMcpServer(temp, 'box'),
) {
  const made: McpJournal[] = [];
  const scene = await startScene({ ...options, prepare: (temp) => void made.push(add(temp)) });
  const [journal] = made;
  if (!journal) throw new Error('the scene was not prepared');
  return { scene, journal };
}

describe('one MCP server', () => {
  test('is shared by all threads and terminals that need the same, and a thread of another folder has its own', async () => {
    const { scene, journal } = await boxScene({ script: calling('echo', { text: 'x' }) });
    const one = await scene.connect({ environment: { variables: { ...variablesOf(scene.temp), TERM: 'xterm' } } });
    const two = await scene.connect({ environment: { variables: { ...variablesOf(scene.temp), TERM: 'dumb' } } });
    await Promise.all([
      (await startThread(one)).run('a'),
      (await startThread(one)).run('b'),
      (await startThread(two)).run('c'),
    ]);
    expect(journal.pids()).toHaveLength(1);
    expect(journal.lines().filter((line) => line === 'call echo')).toHaveLength(3);

    await (await startThread(one, { cwd: scene.temp.root })).run('d');
    expect(journal.pids()).toHaveLength(2);
  });

  test('keeps the environment of the client that needs it, and a client with another one gets another server', async () => {
    const { scene, journal } = await boxScene({ script: calling('environment') }, (temp) =>
      addMcpServer(temp, 'box', { settings: ['env = { MODE = "fast" }'] }),
    );
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('go');
    const told = outputsOf(await scene.openai.waitForRequest(2)).c1?.split('Output:\n')[1] ?? '';
    const { names, cwd } = JSON.parse(told) as { names: string[]; cwd: string };
    expect(cwd).toBe(scene.temp.workspace);
    expect(names).toEqual(expect.arrayContaining(['CODEX_TEST_ROOT', 'HOME', 'MODE', 'PATH']));
    expect(names).not.toContain('FAKE_KEY');

    const other = await scene.connect({ environment: { variables: { ...variablesOf(scene.temp), LANG: 'de_DE' } } });
    await (await startThread(other)).run('go');
    expect(journal.pids()).toHaveLength(2);
  });

  test('that crashes is started again, and the next call goes through', async () => {
    const { scene, journal } = await boxScene({
      script: [reply([boxCall('crash')]), text('It fell'), reply([boxCall('echo', { text: 'again' })]), text('Done')],
    });
    const thread = await startThread(await scene.connect());
    await thread.run('go');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(/^tool call error: it ended with code 7/);
    await thread.run('again');
    expect(outputsOf(await scene.openai.waitForRequest(4)).c1).toMatch(/echo: again$/);
    expect(journal.pids()).toHaveLength(2);
  });

  test('ends when no thread uses it any more, and so does its child', async () => {
    const { scene, journal } = await boxScene(
      { script: calling('echo'), config: { tables: ['[daemon]', 'unload_after_seconds = 1'] } },
      (temp) => addMcpServer(temp, 'box', { flags: ['--stubborn'] }),
    );
    const client = await scene.connect();
    await (await startThread(client)).run('go');
    const pids = pidsOf(journal);
    expect(pids.map(isAlive)).toEqual([true, true]);
    client.raw.socket.close();
    await until('the server and its child are gone', () => !pids.some(isAlive));
  });

  test('stays while somebody follows the thread, though the thread itself leaves the memory', async () => {
    const { scene, journal } = await boxScene({
      script: calling('echo', { text: 'x' }),
      config: { tables: ['[daemon]', 'unload_after_seconds = 1'] },
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('go');
    await until('the thread sleeps', async () => (await client.request(daemonStatus, {})).threads.loaded === 0);
    await thread.run('again');
    expect(journal.pids()).toHaveLength(1);
  });

  test('is gone after kill -9 of the daemon once the next one starts, even one that ignores every sign', async () => {
    const { scene, journal } = await boxScene({ script: calling('echo') }, (temp) =>
      addMcpServer(temp, 'box', { flags: ['--stubborn'] }),
    );
    await (await startThread(await scene.connect())).run('go');
    const pids = pidsOf(journal);
    await scene.daemon.kill9();
    await scene.start();
    await until('nothing of it is left', () => !pids.some(isAlive));
  });
});

describe('a server that does not start', () => {
  test('is told of, without the values of its environment, and the turn goes on without it', async () => {
    const { scene } = await boxScene({ script: [text('Done')] }, (temp) =>
      addMcpServer(temp, 'box', { flags: ['--dies'], settings: ['env = { SECRET_KEY = "hush-hush-hush" }'] }),
    );
    const thread = await startThread(await scene.connect());
    const turn = await thread.run('go');
    expect(turn.status).toBe('completed');
    const { params } = await thread.event('mcpServer/startupStatus/updated', 2);
    expect(params).toMatchObject({ name: 'box', status: 'failed' });
    expect(params.error).toMatch(/^it ended with code 3: cannot go on with the key \[redacted\]/);
    expect(scene.openai.requests[0]?.body.tools.some(({ type }) => type === 'namespace')).toBe(false);
    const said = [
      scene.daemon.log(),
      readFileSync(logPathOf(scene.temp, thread.id), 'utf8'),
      JSON.stringify(thread.events),
    ];
    expect(said.filter((each) => each.includes('hush-hush'))).toEqual([]);
  });

  test('is told of to clients that come later too, each once', async () => {
    const { scene } = await boxScene({ script: [text('Done')], config: { envKey: null } }, (temp) =>
      addMcpServer(temp, 'box', { flags: ['--dies'] }),
    );
    const thread = await startThread(await scene.connect());
    await thread.run('go');
    const { params } = await thread.event('mcpServer/startupStatus/updated', 2);

    const [ours, plain] = [await scene.connect(), await scene.connect({ isOurs: false, encoding: 'json' })];
    const { seq } = await ours.request(threadAttach, { threadId: thread.id });
    await plain.request(threadResume, { threadId: thread.id });
    const told = [];
    for (const client of [ours, plain])
      told.push((await client.notification('mcpServer/startupStatus/updated')).params);
    expect(told).toEqual([params, params]);

    await ours.request(threadAttach, { threadId: thread.id, afterSeq: seq });
    await plain.request(threadResume, { threadId: thread.id });
    const again = await scene.connect();
    await again.request(threadAttach, { threadId: thread.id, afterSeq: seq });
    for (const client of [ours, plain, again]) await client.request(daemonStatus, {});
    const count = ({ notifications }: typeof ours) =>
      notifications.filter(({ method }) => method === 'mcpServer/startupStatus/updated').length;
    expect([ours, plain, again].map(count)).toEqual([1, 1, 0]);
  });

  test.each([
    {
      name: 'is named when the turn cannot go on without it',
      lines: ['command = "no-such-program"', 'required = true'],
      why: /box is required, and failed: .*no-such-program/,
    },
    {
      name: 'says that its program is too slow',
      lines: [`command = "sleep"`, 'args = ["60"]', 'startup_timeout_sec = 0.3', 'required = true'],
      why: /did not start within 0.3 s/,
    },
    { name: 'says what its configuration lacks', lines: ['required = true'], why: /neither a command nor a url/ },
  ])('$name', async ({ lines, why }) => {
    const scene = await startScene({ config: { tables: ['[mcp_servers.box]', ...lines] } });
    const turn = await (await startThread(await scene.connect())).run('go');
    expect(turn.status).toBe('failed');
    expect(turn.error?.message).toMatch(why);
  });

  test('does not stop what needs no model, though it is required', async () => {
    const tables = ['[mcp_servers.box]', 'command = "no-such-program"', 'required = true'];
    const scene = await startScene({ config: { tables } });
    const client = await scene.connect();
    const thread = await startThread(client);
    await client.request(threadShellCommand, { threadId: thread.id, command: 'echo hi' });
    expect((await thread.event('turn/completed')).params.turn.status).toBe('completed');
  });

  test('may print what is no message', async () => {
    const { scene } = await boxScene({ script: calling('echo', { text: 'x' }) }, (temp) =>
      addMcpServer(temp, 'box', { flags: ['--noisy'] }),
    );
    await (await startThread(await scene.connect())).run('go');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(/echo: x$/);
  });
});

describe('a server over HTTP', () => {
  const httpConfig = (url: string, lines: readonly string[] = []) => ({
    tables: ['[mcp_servers.box]', `url = "${url}"`, ...lines],
  });

  test('is reached with the token and headers of the client, and its session is ended with the daemon', async () => {
    const http = await startHttpMcp('secret-token-123');
    const scene = await startScene({
      script: calling('add_two', { a: 2, b: 3 }),
      config: httpConfig(http.url, ['bearer_token_env_var = "MCP_TOKEN"', 'env_http_headers = { "x-who" = "USER" }']),
    });
    const variables = { ...variablesOf(scene.temp), MCP_TOKEN: 'secret-token-123', USER: 'me' };
    const thread = await startThread(await scene.connect({ environment: { variables } }));
    await thread.run('go');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(/\{"sum":5\}$/);
    expect(http.headers[0]).toMatchObject({ authorization: 'Bearer secret-token-123', 'x-who': 'me' });
    await scene.daemon.stop();
    expect(http.sessions).toEqual({ begun: 1, ended: 1 });
    expect(scene.daemon.log()).not.toContain('secret-token');
  });

  test('that forgot the session is asked for a new one', async () => {
    const http = await startHttpMcp();
    const scene = await startScene({ script: calling('echo', { text: 'x' }), config: httpConfig(http.url) });
    const thread = await startThread(await scene.connect());
    await thread.run('go');
    http.forget();
    await thread.run('lost');
    expect(outputsOf(await scene.openai.waitForRequest(4)).c1).toMatch(/^tool call error: /);
    await thread.run('again');
    expect(outputsOf(await scene.openai.waitForRequest(6)).c1).toMatch(/echo: x$/);
    expect(http.sessions.begun).toBe(2);
  });

  test.each([
    { token: 'none', lines: [], says: /it answered 401: sign in with `codex mcp login box`, or name a token for it/ },
    {
      token: 'another',
      lines: ['http_headers = { Authorization = "Bearer wrong" }'],
      says: /it answered 401: its token is missing or not accepted/,
    },
  ])('that wants a token and is given $token says so', async ({ lines, says }) => {
    const http = await startHttpMcp('secret-token-123');
    const scene = await startScene({ config: httpConfig(http.url, ['required = true', ...lines]) });
    const turn = await (await startThread(await scene.connect())).run('go');
    expect(turn.error?.message).toMatch(says);
  });
});

test('a configuration that changed counts from the next turn on', async () => {
  const scene = await startScene({ script: [text('Without'), text('With')] });
  const thread = await startThread(await scene.connect());
  await thread.run('go');
  addMcpServer(scene.temp, 'box');
  await thread.run('again');
  const offered = scene.openai.requests.map(({ body }) => body.tools.some(({ name }) => name === 'mcp__box'));
  expect(offered).toEqual([false, true]);
});

/** The variables of a client, as every client of a scene has them. */
const variablesOf = ({ root }: TempHome) => ({
  PATH: process.env.PATH ?? '',
  HOME: root,
  SHELL: '/bin/bash',
  FAKE_KEY: 'sk-fake-key-0123456789',
  CODEX_TEST_ROOT: root,
});

/** The last server's process and its child. */
const pidsOf = (journal: McpJournal): number[] =>
  journal.lines().flatMap((line) => (/^(start|child) \d+$/.test(line) ? [Number(line.split(' ')[1])] : []));
