import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import {
  accountLoginStart,
  accountLogout,
  accountRead,
  getAuthStatus,
} from '../../machines/protocol/methods/account.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { type BuiltScene, buildScene, type Ran } from '../support/built-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { type ConnectOptions, connectClient, type DaemonClient } from '../support/daemon-client.ts';
import { chatgptAuthFile, FAKE_SECRET, startFakeAuthServer } from '../support/fake-auth-server.ts';
import { call, httpError, reply, text } from '../support/fake-openai.ts';
import { takeLoginPort } from '../support/login-port.ts';
import { clientEnvironment, processesOf, until } from '../support/start-daemon.ts';

const KEY = `sk-proj-${FAKE_SECRET}-typed`;

/** Everything that a scene says, writes and starts, gathered as it goes: a file may be gone at the end. */
class Watch {
  readonly texts: { readonly from: string; readonly text: string }[] = [];

  constructor(
    private readonly scene: BuiltScene,
    private readonly env: Readonly<Record<string, string>>,
    private readonly shellEnv: Readonly<Record<string, string>>,
  ) {}

  async run(args: readonly string[], stdin = ''): Promise<Ran> {
    const ran = await this.scene.run(args, { env: { ...this.env, ...this.shellEnv }, stdin });
    this.texts.push({ from: `codex ${args.join(' ')}`, text: `${ran.stdout}\n${ran.stderr}` });
    this.look();
    return ran;
  }

  /** Files but auth.json, with their names, and the argument lists and environments of all processes. */
  look(): void {
    const { temp } = this.scene;
    for (const entry of readdirSync(temp.root, { recursive: true, encoding: 'utf8', withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      this.texts.push({ from: 'a file name', text: path });
      if (!entry.isFile() || path === join(temp.home, 'auth.json')) continue;
      this.texts.push({ from: path, text: existsSync(path) ? readFileSync(path, 'latin1') : '' });
    }
    for (const line of processesOf(temp)) {
      const pid = line.split(' ')[0] ?? '';
      const environ = `/proc/${pid}/environ`;
      this.texts.push({ from: `process ${line}`, text: line + (existsSync(environ) ? readFileSync(environ) : '') });
    }
  }

  async connect(options: ConnectOptions): Promise<DaemonClient> {
    const { temp } = this.scene;
    const environment = clientEnvironment(temp);
    const variables = { ...environment.variables, ...this.env };
    const { socketPath } = homePaths(temp.home);
    const client = await connectClient(socketPath, { ...environment, variables }, options);
    onTestFinished(() => client.raw.socket.terminate());
    return client;
  }

  told(...clients: readonly DaemonClient[]): void {
    for (const { raw } of clients) this.texts.push({ from: 'a client', text: JSON.stringify(raw.received) });
  }
}

/** Prints its own environment and waits, so that the process can be looked at. */
const LOOK_AROUND = 'env; tr "\\0" " " < /proc/self/cmdline; touch looked; while [ ! -e go ]; do sleep 0.02; done';

test('no token, key or code is ever written, told to a client, or given to a process', async () => {
  await takeLoginPort();
  const auth = await startFakeAuthServer();
  onTestFinished(() => auth.close());
  const scene = await buildScene({
    config: {
      top: ['sandbox_mode = "danger-full-access"', 'approval_policy = "never"'],
      provider: ['requires_openai_auth = true'],
      envKey: null,
    },
    script: [
      reply([call('exec_command', { cmd: LOOK_AROUND, yield_time_ms: 20_000 })]),
      text('seen'),
      httpError(401),
      text('renewed'),
      (request) => httpError(400, { message: `cannot take ${request.headers.authorization}` }),
    ],
  });
  const { home, workspace } = scene.temp;
  const authFile = join(home, 'auth.json');
  const keys = { CODEX_API_KEY: `sk-env-${FAKE_SECRET}`, CODEX_ACCESS_TOKEN: `env-${FAKE_SECRET}` };
  // A command is given the proxies of its client, as in a shell; the daemon that a client starts is not.
  const proxies = { HTTPS_PROXY: `http://me:${FAKE_SECRET}@127.0.0.1:9`, NO_PROXY: '127.0.0.1,localhost' };
  const watch = new Watch(scene, { ...auth.variables, ...keys }, proxies);

  // By code, then an API key over it, then by browser over that.
  auth.pending(1);
  expect((await watch.run(['login', '--device-auth'])).code).toBe(0);
  expect((await watch.run(['login', '--with-api-key'], KEY)).code).toBe(0);
  const ours = await watch.connect({ encoding: 'msgpack' });
  const json = await watch.connect({ encoding: 'json' });
  const plain = await watch.connect({ encoding: 'json', isOurs: false });
  const started = await ours.request(accountLoginStart, { type: 'chatgpt' });
  const authorized = await fetch(started.type === 'chatgpt' ? started.authUrl : '', { redirect: 'manual' });
  await fetch((authorized.headers.get('location') ?? '').replace('localhost', '127.0.0.1'));
  await json.waitFor('the sign-in', () => json.notifications.find(({ method }) => method === 'account/updated'));
  watch.look();

  // A command that looks around, a 401 with its refresh, and a model that repeats the token.
  const thread = await startThread(ours);
  const running = thread.run('look');
  await until('the command looked', () => existsSync(join(workspace, 'looked')));
  watch.look();
  writeFileSync(join(workspace, 'go'), '');
  expect((await running).status).toBe('completed');
  expect((await thread.run('again')).status).toBe('completed');
  expect(await thread.run('and again')).toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('[redacted]') },
  });
  expect(auth.redeemed.length).toBe(1);

  // Servers that repeat what they were sent.
  for (const endpoint of ['token', 'revoke'] as const) auth.fail(endpoint, { kind: 'echo', status: 500 });
  for (const client of [ours, json, plain]) {
    await client.request(accountRead, { refreshToken: true });
    await client.request(getAuthStatus, { includeToken: true, refreshToken: true });
  }
  expect((await watch.run(['logout'])).stderr).toContain('[redacted]');
  for (const args of [
    ['login', 'status'],
    ['logout', '--dry-run'],
    ['doctor'],
    ['daemon', 'status'],
    ['daemon', 'logs'],
    ['threads'],
  ]) {
    await watch.run(args);
  }
  await json.request(daemonStatus, {});

  // A crash in the middle of a logout leaves its note, and the next daemon ends what it began.
  auth.fail('token', null);
  auth.fail('revoke', null);
  const release = auth.hold('revoke');
  const cut = ours.request(accountLogout, {}).catch(() => 'cut');
  await auth.waitForRequests('/oauth/revoke', auth.requestsTo('/oauth/revoke').length + 1);
  watch.look();
  process.kill((await scene.daemonPid()) ?? 0, 'SIGKILL');
  await cut;
  watch.told(ours, json, plain);
  watch.look();
  release();
  await watch.run(['login', 'status']);
  await until('the logout is finished', () => !existsSync(authFile));

  // An auth.json that is broken around its tokens.
  writeFileSync(authFile, chatgptAuthFile(auth).slice(0, -5));
  expect((await watch.run(['logout'])).code).toBe(1);
  expect((await watch.run(['login', 'status'])).code).toBe(1);
  writeFileSync(authFile, chatgptAuthFile(auth));
  expect((await watch.run(['logout'])).code).toBe(0);
  expect([existsSync(authFile), existsSync(join(home, 'log', 'codex-login.log'))]).toEqual([false, true]);

  const secrets = [...auth.secrets, KEY, FAKE_SECRET];
  expect(secrets.length).toBeGreaterThan(12);
  const leaks = watch.texts.filter(({ text: said }) => secrets.some((secret) => said.includes(secret)));
  expect(leaks.map(({ from }) => from)).toEqual([]);
  expect(watch.texts.length).toBeGreaterThan(200);
  // To the model the access token goes in one header alone.
  const bodies = JSON.stringify(
    scene.openai.requests.map(({ body, headers: { authorization: _, ...rest } }) => [body, rest]),
  );
  expect(secrets.filter((secret) => bodies.includes(secret))).toEqual([]);
}, 90_000);
