import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { controlSocketPath } from '../../machines/core/home.ts';
import { accountRead } from '../../machines/protocol/methods/account.ts';
import { daemonListenerClose, daemonListenerOpen, daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { startThread } from '../support/client-turns.ts';
import { connectClient, type DaemonClient, openRaw } from '../support/daemon-client.ts';
import { call, outputsOf, reply, text } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';
import { clientEnvironment, startDaemon, until } from '../support/start-daemon.ts';

const PLAIN = { isOurs: false, encoding: 'json' } as const;
const ANY_PORT = 'ws://127.0.0.1:0';

/** Attaches through another door than the daemon's own. */
const enter = (scene: Scene, place: string, options: Parameters<typeof connectClient>[2] = {}): Promise<DaemonClient> =>
  connectClient(place, clientEnvironment(scene.temp), options);

const bearer = (tokenFile: string | null) => ({
  authorization: `Bearer ${readFileSync(tokenFile ?? '', 'utf8').trim()}`,
});

const http = (address: string, path: string, headers: Record<string, string> = {}) =>
  fetch(`${address.replace('ws:', 'http:')}${path}`, { headers }).then(({ status }) => status);

/** Leaves a socket behind that nobody answers on, as a kill does. */
function leaveDeadSocket(path: string): void {
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe('a listener on a Unix socket', () => {
  test('is the user’s alone, serves a client of the reference, and goes with the connection that asked for it', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const path = join(scene.temp.root, 'door', 'codex.sock');

    const opened = await owner.request(daemonListenerOpen, { address: `unix://${path}` });
    const modes = [path, join(path, '..')].map((place) => statSync(place).mode & 0o777);
    const plain = await enter(scene, path, PLAIN);
    const account = await plain.request(accountRead, {});
    const { listeners } = await plain.request(daemonStatus, {});
    await owner.close();
    // Nobody asked for the reference's.
    expect(existsSync(controlSocketPath(scene.temp.home))).toBe(false);

    expect(opened).toEqual({ address: `unix://${path}`, tokenFile: null });
    expect(modes).toEqual([0o600, 0o700]);
    expect(account.requiresOpenaiAuth).toBe(false);
    expect(listeners).toEqual([
      { address: `unix://${path}`, tokenFile: null, owner: owner.clientId, clients: 1, problem: null },
    ]);
    await plain.closed;
    await until('the socket is gone', () => !existsSync(path));
  });

  test('takes the place of a socket that nobody answers on', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const path = join(scene.temp.root, 'door', 'codex.sock');
    mkdirSync(join(path, '..'), { mode: 0o700 });
    leaveDeadSocket(path);

    await owner.request(daemonListenerOpen, { address: `unix://${path}` });

    expect((await enter(scene, path)).clientId).toBe('client-2');
  });

  test('refuses a place that is taken, or not the socket’s alone, and says which', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const server = createServer();
    onTestFinished(() => void server.close());
    const cases: readonly (readonly [string, (folder: string) => unknown, RegExp])[] = [
      [
        'taken',
        (folder) => new Promise<void>((resolve) => server.listen(join(folder, 'x.sock'), resolve)),
        /a daemon is already listening on .*x\.sock/,
      ],
      ['link', (folder) => symlinkSync('/nowhere', join(folder, 'x.sock')), /is not a socket/],
      ['file', (folder) => writeFileSync(join(folder, 'x.sock'), ''), /holds more than sockets \(x\.sock\)/],
      [
        'more',
        (folder) => writeFileSync(join(folder, 'notes.txt'), ''),
        /holds more than sockets \(notes\.txt\), .*use a folder of its own/,
      ],
      ['open', (folder) => chmodSync(folder, 0o777), /others may write to .*run `chmod 700/],
    ];

    for (const [name, prepare, why] of cases) {
      const folder = join(scene.temp.root, name);
      mkdirSync(folder, { mode: 0o700 });
      await prepare(folder);
      const opening = owner.request(daemonListenerOpen, { address: `unix://${folder}/x.sock` });
      await expect(opening).rejects.toMatchObject({ errorName: 'listenFailed', message: expect.stringMatching(why) });
    }
    expect((await owner.request(daemonStatus, {})).listeners).toEqual([]);
  });

  test('refuses an address that it cannot or may not listen on, and says what to write', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const cases: readonly (readonly [string, RegExp])[] = [
      ['unix://relative.sock', /the path has to be absolute/],
      [`unix:///tmp/${'x'.repeat(120)}/a.sock`, /is longer than 103 bytes/],
      ['http://127.0.0.1:1', /write unix:\/\/, unix:\/\/PATH, ws:\/\/IP:PORT/],
      ['ws://example.org:1', /write unix:\/\/, unix:\/\/PATH, ws:\/\/IP:PORT/],
      ['ws://0.0.0.0:0', /can be reached from other machines; use wss:\/\//],
      ['wss://127.0.0.1:0', /needs a certificate and its key/],
    ];

    for (const [address, why] of cases) {
      const opening = owner.request(daemonListenerOpen, { address });
      await expect(opening).rejects.toMatchObject({ errorName: 'listenFailed', message: expect.stringMatching(why) });
    }
  });

  test('that was asked to stay outlives who asked, and can be closed by anybody', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const address = `unix://${join(scene.temp.root, 'door', 'codex.sock')}`;

    await owner.request(daemonListenerOpen, { address, stays: true });
    await owner.close();
    const other = await enter(scene, address.slice('unix://'.length));
    const listed = (await other.request(daemonStatus, {})).listeners;
    const own = await scene.connect();

    expect(listed).toEqual([{ address, tokenFile: null, owner: null, clients: 1, problem: null }]);
    expect(await own.request(daemonListenerClose, { address })).toEqual({ closed: true });
    expect(await own.request(daemonListenerClose, { address })).toEqual({ closed: false });
    await other.closed;
  });
});

describe('a listener on TCP', () => {
  test('lets in who has its token, in both encodings, and says to everybody that it lives', async () => {
    const scene = await startScene();
    const owner = await scene.connect();

    const { address, tokenFile } = await owner.request(daemonListenerOpen, { address: ANY_PORT });
    const clients = await Promise.all(
      [{}, PLAIN].map((options) => enter(scene, address, { ...options, headers: bearer(tokenFile) })),
    );

    expect(address).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(statSync(tokenFile ?? '').mode & 0o777).toBe(0o600);
    for (const client of clients) expect((await client.request(accountRead, {})).requiresOpenaiAuth).toBe(false);
    expect(await Promise.all([http(address, '/readyz'), http(address, '/healthz'), http(address, '/x')])).toEqual([
      200, 200, 426,
    ]);
    expect(await http(address, '/healthz', { origin: 'http://example.org' })).toBe(403);
    await owner.close();
    await Promise.all(clients.map(({ closed }) => closed));
    await until('the token is gone', () => !existsSync(tokenFile ?? ''));
  });

  test('refuses whoever lacks its token, and a web page even with it', async () => {
    const scene = await startScene();
    const { address, tokenFile } = await (await scene.connect()).request(daemonListenerOpen, { address: ANY_PORT });
    const cases: readonly (readonly [Record<string, string>, string])[] = [
      [{}, '401'],
      [{ authorization: `Bearer ${'x'.repeat(43)}` }, '401'],
      [{ authorization: 'Bearer ' }, '401'],
      [{ authorization: bearer(tokenFile).authorization.replace('Bearer', 'Basic') }, '401'],
      [{ ...bearer(tokenFile), origin: 'http://127.0.0.1' }, '403'],
    ];

    for (const [headers, status] of cases) await expect(openRaw(address, 'json', headers)).rejects.toThrow(status);
  });

  test('takes the token of a file that is the user’s alone', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const tokenFile = join(scene.temp.root, 'token');
    writeFileSync(tokenFile, 'a-token-of-my-own-choice\n', { mode: 0o644 });
    const open = () => owner.request(daemonListenerOpen, { address: ANY_PORT, tokenFile });

    await expect(open()).rejects.toThrow(/others may read .*run `chmod 600/);
    chmodSync(tokenFile, 0o600);
    const opened = await open();

    expect(opened.tokenFile).toBe(tokenFile);
    await enter(scene, opened.address, { headers: { authorization: 'Bearer a-token-of-my-own-choice' } });
    writeFileSync(tokenFile, 'short');
    await expect(open()).rejects.toThrow('is shorter than 16 characters');
    expect(readdirSync(join(scene.temp.home, 'daemon')).filter((name) => name.includes('token'))).toEqual([]);
  });

  test('leaves no token behind for the next daemon when it is killed', async () => {
    const scene = await startScene();
    const owner = await scene.connect();
    const { tokenFile } = await owner.request(daemonListenerOpen, { address: ANY_PORT });

    await scene.daemon.kill9();
    expect(existsSync(tokenFile ?? '')).toBe(true);
    await scene.start();

    expect(existsSync(tokenFile ?? '')).toBe(false);
  });
});

describe('the control socket of the reference', () => {
  const config = { envKey: null, tables: ['[daemon]', 'control_socket = true'] };

  test('is served when the configuration says so, and removed at the end', async () => {
    const scene = await startScene({ config });
    const path = controlSocketPath(scene.temp.home);

    const plain = await enter(scene, path, PLAIN);

    expect((await plain.request(daemonStatus, {})).listeners).toMatchObject([
      { address: `unix://${path}`, problem: null },
    ]);
    await scene.daemon.stop();
    expect(existsSync(path)).toBe(false);
  });

  test('is left to a server that holds it, and status says so', async () => {
    const scene = await startScene({
      config,
      prepare: ({ home }) => {
        mkdirSync(join(controlSocketPath(home), '..'), { mode: 0o700 });
        const server = createServer().listen(controlSocketPath(home));
        onTestFinished(() => void server.close());
      },
    });

    const { listeners } = await (await scene.connect()).request(daemonStatus, {});

    expect(listeners).toMatchObject([
      { address: 'unix://', problem: expect.stringMatching(/a daemon is already listening/) },
    ]);
  });

  test('takes the place of a link that the reference’s server left', async () => {
    const scene = await startScene({
      config,
      prepare: ({ home }) => {
        mkdirSync(join(controlSocketPath(home), '..'), { mode: 0o700 });
        symlinkSync(join(home, 'gone.sock'), controlSocketPath(home));
      },
    });

    expect(lstatSync(controlSocketPath(scene.temp.home)).isSocket()).toBe(true);
  });

  test('belongs to one daemon: the next one serves it again after a kill', async () => {
    const scene = await startScene({ config });
    await scene.daemon.kill9();

    scene.daemon = await startDaemon(scene.temp);

    await enter(scene, controlSocketPath(scene.temp.home), PLAIN);
  });
});

const canSandbox = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', 'true']).status === 0;

// Without bubblewrap there is nothing to look at; in CI that is a failure.
describe.skipIf(!canSandbox && process.env.CI !== 'true')('a sandboxed command', () => {
  test('sees no socket of a listener and no token', async () => {
    const scene = await startScene({ config: { tables: ['[daemon]', 'control_socket = true'] } });
    const owner = await scene.connect();
    const folder = join(scene.temp.root, 'door');
    const tokenFile = join(scene.temp.root, 'tokens', 'mine');
    mkdirSync(join(tokenFile, '..'));
    writeFileSync(tokenFile, 'a-token-of-my-own-choice\n', { mode: 0o600 });
    await owner.request(daemonListenerOpen, { address: `unix://${folder}/codex.sock` });
    await owner.request(daemonListenerOpen, { address: ANY_PORT, tokenFile });
    const made = await owner.request(daemonListenerOpen, { address: ANY_PORT });
    const commands = {
      door: `ls -A ${folder}; ls ${folder}/codex.sock`,
      control: `ls -A ${scene.temp.home}/app-server-control; ls ${controlSocketPath(scene.temp.home)}`,
      token: `cat ${tokenFile}; cat ${made.tokenFile}; ls -A ${scene.temp.home}/daemon; echo end`,
    };
    scene.openai.push(
      reply(Object.entries(commands).map(([callId, cmd]) => call('exec_command', { cmd, login: false }, { callId }))),
      text('ok'),
    );

    const thread = await startThread(owner, { sandbox: 'workspace-write' });
    await thread.run('look');
    const request = scene.openai.requests.at(-1);
    const outputs = request ? outputsOf(request) : {};

    expect(outputs.door).toMatch(/codex\.sock.*No such file/);
    expect(outputs.door).not.toMatch(/^codex\.sock$/m);
    expect(outputs.control).not.toMatch(/^app-server-control\.sock$/m);
    expect(outputs.token).toContain('end');
    expect(outputs.token).not.toMatch(/a-token-of-my-own-choice|^listener-token/m);
    expect(outputs.token).not.toContain(readFileSync(made.tokenFile ?? '', 'utf8').trim());
  });
});
