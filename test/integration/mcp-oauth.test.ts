import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  mcpServerAuthStatusList,
  mcpServerOauthLogin,
  mcpServerOauthLoginCancel,
  mcpServerOauthLogout,
} from '../../machines/protocol/methods/mcp-oauth.ts';
import { mcpServerStatusList, mcpServerToolCall } from '../../machines/protocol/methods/mcp-server.ts';
import { startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { startHttpMcp } from '../support/fake-mcp.ts';
import { type OauthMcp, type OauthOptions, startOauthMcp } from '../support/fake-oauth-mcp.ts';
import { text } from '../support/fake-openai.ts';
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts';
import { until } from '../support/start-daemon.ts';

interface OauthScene {
  readonly scene: Scene;
  readonly box: OauthMcp;
  readonly client: DaemonClient;
  /** `.credentials.json`. */
  readonly path: string;
}

interface OauthSceneOptions extends OauthOptions {
  /** More lines of the server's table. */
  readonly settings?: readonly string[];
  readonly top?: readonly string[];
  readonly script?: SceneOptions['script'];
}

/** A daemon whose configuration has one server, `box`, that wants to be signed in to. */
async function startOauthScene({ settings = [], top = [], script = [], ...options }: OauthSceneOptions = {}) {
  const box = await startOauthMcp(options);
  const tables = ['[mcp_servers.box]', `url = "${box.url}"`, ...settings];
  const scene = await startScene({ script, config: { top, tables } });
  const made: OauthScene = {
    scene,
    box,
    client: await scene.connect(),
    path: join(scene.temp.home, '.credentials.json'),
  };
  return made;
}

const completed = (client: DaemonClient) => client.notification('mcpServer/oauthLogin/completed');

/** Signs in as a person does whose browser follows every redirect. Answers the browser's last page. */
async function signIn({ client }: Pick<OauthScene, 'client'>, more: { readonly scopes?: string[] } = {}) {
  const { authorizationUrl, loginId } = await client.request(mcpServerOauthLogin, { name: 'box', ...more });
  const page = await fetch(authorizationUrl);
  return { page: await page.text(), status: page.status, authorizationUrl, loginId };
}

const statusOf = async (client: DaemonClient, threadId: string | null = null) =>
  (await client.request(mcpServerStatusList, { serverName: 'box', threadId })).data.map(
    ({ authStatus, runtimeStatus, toolsError }) => ({ authStatus, runtimeStatus, toolsError }),
  )[0];

const echo = (client: DaemonClient, threadId: string, word: string) =>
  client.request(mcpServerToolCall, { server: 'box', threadId, tool: 'echo', arguments: { text: word } });

/** One that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

describe('signing in to an MCP server', () => {
  test('a server that turns us away says how; after the sign-in running threads have its tools', async () => {
    const all = await startOauthScene({ script: [text('Without'), text('With')] });
    const { scene, box, client, path } = all;
    const thread = await startThread(client);
    await thread.run('go');
    const hint = 'it answered 401: sign in with `codex mcp login box`, or name a token for it (bearer_token_env_var)';
    expect(await statusOf(client, thread.id)).toEqual({
      authStatus: 'notLoggedIn',
      runtimeStatus: 'authenticationRequired',
      toolsError: hint,
    });
    const notices = () =>
      thread.events.flatMap(({ method, params }) => (method === 'mcpServer/startupStatus/updated' ? [params] : []));
    const about = { threadId: thread.id, name: 'box' };
    expect(notices().at(-1)).toEqual({
      ...about,
      status: 'failed',
      error: hint,
      failureReason: 'reauthenticationRequired',
    });

    const other = await scene.connect({ encoding: 'json' });
    const { page, authorizationUrl, loginId } = await signIn(all, { scopes: ['a', 'b'] });
    expect(page).toContain('Codex is signed in to box.');
    const end = { name: 'box', success: true, error: null, loginId, threadId: null };
    expect((await completed(client)).params).toEqual(end);
    expect((await completed(other)).params).toEqual(end);
    await until('the server runs', () => notices().at(-1)?.status === 'ready');

    const asked = new URL(authorizationUrl).searchParams;
    expect(Object.fromEntries(asked)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      code_challenge: expect.any(String),
      code_challenge_method: 'S256',
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
      state: expect.any(String),
      scope: 'a b',
      resource: box.url,
    });
    expect(await statusOf(client, thread.id)).toEqual({
      authStatus: 'oAuth',
      runtimeStatus: 'connected',
      toolsError: null,
    });
    await thread.run('again');
    const offered = scene.openai.requests.map(({ body }) => body.tools.some(({ name }) => name === 'mcp__box'));
    expect(offered).toEqual([false, true]);

    expect(statSync(path).mode & 0o777).toBe(0o600);
    const [[key, entry]] = Object.entries(JSON.parse(readFileSync(path, 'utf8'))) as [[string, object]];
    expect(key).toMatch(/^box\|[0-9a-f]{16}$/);
    expect(entry).toEqual({
      server_name: 'box',
      server_url: box.url,
      issuer: new URL(box.url).origin,
      client_id: 'client-1',
      client_secret: null,
      access_token: expect.stringMatching(/^ACCESS/),
      refresh_token: expect.stringMatching(/^REFRESH/),
      expires_at: expect.any(Number),
      scopes: ['read'],
      resource: box.url,
    });
    // The listener is gone: nobody can come back to it.
    await expect(fetch(asked.get('redirect_uri') ?? '')).rejects.toThrow();
  });

  test('a person who says no', async () => {
    const all = await startOauthScene();
    all.box.answerNext = 'denied';
    const { page, loginId } = await signIn(all);
    expect(page).toContain('access_denied: the person said no');
    const error = 'access_denied: the person said no';
    expect((await completed(all.client)).params).toEqual({
      name: 'box',
      success: false,
      error,
      loginId,
      threadId: null,
    });
    expect([existsSync(all.path), all.box.to('token')]).toEqual([false, []]);
  });

  test('an answer with another state changes nothing, and the code of the right one is good once', async () => {
    const all = await startOauthScene();
    all.box.answerNext = 'wrongState';
    const { page, status, authorizationUrl, loginId } = await signIn(all);
    expect([status, page, all.box.to('token')]).toEqual([400, 'State mismatch', []]);

    const release = all.box.hold('token');
    const sent = await fetch(authorizationUrl, { redirect: 'manual' });
    const back = sent.headers.get('location') ?? '';
    const first = fetch(back);
    await all.box.whenAsked('token', 1);
    expect((await fetch(back)).status).toBe(404);
    release();
    expect((await first).status).toBe(200);
    expect((await completed(all.client)).params).toMatchObject({ success: true, loginId });
    expect(all.box.to('token')).toHaveLength(1);
  });

  test('nobody comes: the limit ends it; a cancel, and a newer sign-in, end it at once', async () => {
    const all = await startOauthScene();
    const { client } = all;
    const begin = (timeoutSecs: number | null = null) =>
      client.request(mcpServerOauthLogin, { name: 'box', timeoutSecs, threadId: 'thread-1' });
    const ends: unknown[] = [];
    client.listeners.add(({ method, params }) => {
      if (method === 'mcpServer/oauthLogin/completed') ends.push(params);
    });
    const end = (loginId: unknown, error: string) => ({
      name: 'box',
      success: false,
      error,
      loginId,
      threadId: 'thread-1',
    });
    const late = await begin(1);
    await until('the limit is over', () => ends.length === 1);
    const older = await begin();
    const newer = await begin();
    const { loginId = '' } = newer;
    expect(await client.request(mcpServerOauthLoginCancel, { loginId: loginId ?? '' })).toEqual({ cancelled: true });
    await until('all are over', () => ends.length === 3);
    expect(ends).toEqual([
      end(late.loginId, 'nobody signed in within 1 seconds'),
      end(older.loginId, 'another sign-in to it began'),
      end(loginId, 'it was cancelled'),
    ]);
    expect(await client.request(mcpServerOauthLoginCancel, { loginId: loginId ?? '' })).toEqual({ cancelled: false });
    for (const { authorizationUrl } of [late, older, newer])
      await expect(fetch(new URL(authorizationUrl).searchParams.get('redirect_uri') ?? '')).rejects.toThrow();
  });

  test('a client that the configuration names, its address and port; a client with a secret', async () => {
    const port = await freePort();
    const named = await startOauthScene({
      registers: false,
      settings: ['oauth = { client_id = "mine", callback_url = "http://127.0.0.1/back/x" }', 'scopes = ["s"]'],
      top: [`mcp_oauth_callback_port = ${port}`],
    });
    const { authorizationUrl } = await named.client.request(mcpServerOauthLogin, { name: 'box' });
    expect(Object.fromEntries(new URL(authorizationUrl).searchParams)).toMatchObject({
      client_id: 'mine',
      redirect_uri: `http://127.0.0.1:${port}/back/x`,
      scope: 's',
    });

    const secret = await startOauthScene({ givesSecret: true });
    await signIn(secret);
    expect((await completed(secret.client)).params).toMatchObject({ success: true, error: null });
    const thread = await startThread(secret.client);
    expect(await statusOf(secret.client)).toMatchObject({ runtimeStatus: 'connected' });
    secret.box.expire();
    expect(await echo(secret.client, thread.id, 'a')).toMatchObject({ content: [{ text: 'echo: a' }] });
  });

  test('refuses what cannot be signed in to, each with its reason', async () => {
    const plain = await startHttpMcp();
    const closed = await startOauthMcp({ registers: false });
    const tables = [
      ['mine', 'command = "true"'],
      ['plain', `url = "${plain.url}"`],
      ['closed', `url = "${closed.url}"`],
      ['keyed', `url = "${plain.url}"\nhttp_headers = { Authorization = "Bearer x" }`],
      ['away', 'url = "http://127.0.0.1:9/mcp"\noauth = { client_id = "a", callback_url = "https://x.test/back" }'],
      ['gone', 'url = "http://127.0.0.1:9/mcp"'],
    ].flatMap(([name, lines]) => [`[mcp_servers.${name}]`, `${lines}`]);
    const client = await (await startScene({ config: { tables } })).connect();
    const refusals = async (names: readonly string[], more = {}) =>
      (await Promise.allSettled(names.map((name) => client.request(mcpServerOauthLogin, { name, ...more })))).map(
        (result) => (result.status === 'rejected' ? [result.reason.errorName, result.reason.message] : result),
      );
    expect(await refusals(['x', 'mine', 'keyed', 'away', 'plain', 'closed', 'gone'])).toEqual([
      ['invalidRequest', "No MCP server named 'x' found."],
      ['invalidRequest', 'OAuth login is only supported for streamable HTTP servers.'],
      ['invalidRequest', expect.stringContaining('has a token in the configuration')],
      ['invalidRequest', expect.stringContaining('does not lead to this machine')],
      ['mcpServerFailed', "cannot sign in to the MCP server 'plain': it asks nobody to sign in"],
      ['mcpServerFailed', expect.stringContaining('does not support dynamic client registration')],
      ['mcpServerFailed', expect.stringContaining("cannot sign in to the MCP server 'gone': fetch failed")],
    ]);
    expect(await refusals(['closed'], { clientRegistration: 'cimd' })).toEqual([
      ['notSupported', expect.stringContaining('cimd')],
    ]);
    const { data } = await client.request(mcpServerAuthStatusList, {});
    expect(Object.fromEntries(data.map(({ name, authStatus }) => [name, authStatus]))).toEqual({
      mine: 'unsupported',
      plain: 'unsupported',
      closed: 'notLoggedIn',
      keyed: 'bearerToken',
      away: 'unknown',
      gone: 'unknown',
    });
  });

  test('a home that wants sign-ins in the keyring gets none in a file', async () => {
    const { client } = await startOauthScene({ top: ['mcp_oauth_credentials_store = "keyring"'] });
    await expect(client.request(mcpServerOauthLogin, { name: 'box' })).rejects.toMatchObject({
      errorName: 'notSupported',
    });
  });
});

describe('a sign-in at an MCP server', () => {
  test('outlives the daemon, is renewed once for twenty calls at once, and shows in no log, event or error', async () => {
    const all = await startOauthScene({ script: [text('Done')] });
    const { scene, box, path } = all;
    await signIn(all);
    await completed(all.client);
    await scene.daemon.stop();
    await scene.start();
    const client = await scene.connect({ encoding: 'json' });
    const thread = await startThread(client);
    await thread.run('go');
    expect(await statusOf(client, thread.id)).toMatchObject({ authStatus: 'oAuth', runtimeStatus: 'connected' });

    box.expire();
    const words = Array.from({ length: 20 }, (_, index) => `word-${index}`);
    const said = await Promise.all(words.map((word) => echo(client, thread.id, word)));
    expect(said.map(({ content }) => content)).toEqual(words.map((word) => [{ type: 'text', text: `echo: ${word}` }]));
    const grants = () => box.to('token').map(({ grant_type }) => grant_type);
    expect(grants()).toEqual(['authorization_code', 'refresh_token']);
    expect(box.sessions.begun).toBe(1);

    // One that is known to have run out is renewed before it is sent, and what we do not know stays in the file.
    const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, unknown>>;
    const aged = Object.entries(file).map(([key, entry]) => [key, { ...entry, expires_at: 1, theirs: 'kept' }]);
    writeFileSync(path, JSON.stringify({ ...Object.fromEntries(aged), 'other|0': { theirs: true } }));
    const before = box.headers.length;
    await echo(client, thread.id, 'x');
    expect(grants()).toEqual(['authorization_code', 'refresh_token', 'refresh_token']);
    expect(box.headers.slice(before).filter(({ authorization }) => authorization === undefined)).toHaveLength(2);
    const after = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, unknown>>;
    expect(Object.values(after).map(({ theirs }) => theirs)).toEqual(['kept', true]);

    // The server takes nothing any more: a person has to sign in, and is told.
    box.forgetTokens();
    const hint = 'its sign-in is not accepted any more: sign in with `codex mcp login box`';
    await expect(echo(client, thread.id, 'y')).rejects.toMatchObject({
      message: `the MCP server 'box' failed: ${hint}`,
    });
    expect(await statusOf(client, thread.id)).toEqual({
      authStatus: 'notLoggedIn',
      runtimeStatus: 'authenticationRequired',
      toolsError: hint,
    });

    expect(readdirSync(scene.temp.home).filter((name) => name.endsWith('.lock'))).toEqual([]);
    const written = filesBelow(scene.temp.root).filter((name) => name !== path);
    const told = [...client.notifications, ...all.client.notifications].map((message) => JSON.stringify(message));
    for (const secret of box.secrets) {
      expect(written.filter((name) => readFileSync(name, 'utf8').includes(secret))).toEqual([]);
      expect(told.filter((line) => line.includes(secret))).toEqual([]);
    }
  });

  test('a server of tokens that is down for a moment signs nobody out', async () => {
    const all = await startOauthScene();
    await signIn(all);
    await completed(all.client);
    const thread = await startThread(all.client);
    expect(await statusOf(all.client)).toMatchObject({ runtimeStatus: 'connected' });
    all.box.expire();
    all.box.fail('token', 503);
    await expect(echo(all.client, thread.id, 'a')).rejects.toMatchObject({
      message: expect.stringMatching(/temporarily_unavailable/),
    });
    all.box.fail('token', null);
    expect(await echo(all.client, thread.id, 'b')).toMatchObject({ content: [{ text: 'echo: b' }] });
    expect(all.box.live.size).toBe(1);
  });

  test('a token that another program renewed meanwhile is used, and not spent again', async () => {
    const all = await startOauthScene();
    const { client, box, path } = all;
    await signIn(all);
    await completed(client);
    const thread = await startThread(client);
    expect(await statusOf(client)).toMatchObject({ runtimeStatus: 'connected' });
    const [[key, entry]] = Object.entries(JSON.parse(readFileSync(path, 'utf8'))) as [[string, object]];
    box.expire();
    const tokens = box.grant();
    writeFileSync(path, JSON.stringify({ [key]: { ...entry, ...tokens } }));
    expect(await echo(client, thread.id, 'a')).toMatchObject({ content: [{ text: 'echo: a' }] });
    expect(box.to('token').map(({ grant_type }) => grant_type)).toEqual(['authorization_code']);
  });
});

describe('signing out of an MCP server', () => {
  test('takes the token back at the server and erases it; what runs stops', async () => {
    const all = await startOauthScene({ script: [text('Done')] });
    const { client, box, path } = all;
    await signIn(all);
    await completed(client);
    const thread = await startThread(client);
    await thread.run('go');
    expect(await client.request(mcpServerOauthLogout, { name: 'box' })).toEqual({
      wasSignedIn: true,
      isRevoked: true,
      notice: null,
    });
    expect([readFileSync(path, 'utf8'), box.live.size]).toEqual(['{}', 0]);
    expect(box.to('revoke')).toEqual([
      { token_type_hint: 'refresh_token', token: expect.stringMatching(/^REFRESH/), client_id: 'client-1' },
    ]);
    expect(await statusOf(client, thread.id)).toEqual({
      authStatus: 'notLoggedIn',
      runtimeStatus: 'authenticationRequired',
      toolsError: 'you signed out of it',
    });
    expect(await client.request(mcpServerOauthLogout, { name: 'box' })).toEqual({
      wasSignedIn: false,
      isRevoked: false,
      notice: null,
    });
  });

  test.each([
    { name: 'that has no place to be told', revokes: false, status: null, notice: /cannot be told/ },
    { name: 'that does not listen', revokes: true, status: 500, notice: /could not be revoked.*it answered 500/ },
  ])('at a server $name erases all the same, and says so', async ({ revokes, status, notice }) => {
    const all = await startOauthScene({ revokes });
    await signIn(all);
    await completed(all.client);
    all.box.fail('revoke', status);
    expect(await all.client.request(mcpServerOauthLogout, { name: 'box' })).toEqual({
      wasSignedIn: true,
      isRevoked: false,
      notice: expect.stringMatching(notice),
    });
    expect(readFileSync(all.path, 'utf8')).toBe('{}');
  });

  test('a file that cannot be read is kept, and said', async () => {
    const all = await startOauthScene();
    writeFileSync(all.path, '["SECRETOFTHETEST"');
    await expect(all.client.request(mcpServerOauthLogout, { name: 'box' })).rejects.toMatchObject({
      errorName: 'authUnreadable',
      message: `${all.path} cannot be used: it is not what it should be`,
    });
    expect(readFileSync(all.path, 'utf8')).toBe('["SECRETOFTHETEST"');
  });
});
