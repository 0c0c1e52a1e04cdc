import { describe, expect, test } from 'vitest';
import { VERSION } from '../../machines/core/version.ts';
import { type Encoding, encode } from '../../machines/protocol/frames.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import type { RawSocket } from '../support/daemon-client.ts';
import { startScene } from '../support/scene.ts';
import { until } from '../support/start-daemon.ts';

const encodings: readonly Encoding[] = ['msgpack', 'json'];

/** Sends one message as it is and waits for its answer. */
async function ask(raw: RawSocket, encoding: Encoding, message: Record<string, unknown>): Promise<unknown> {
  const before = raw.received.length;
  raw.socket.send(encode(message as never, encoding));
  const isAnswer = (value: unknown) => (value as { id?: unknown }).id === message.id;
  await until(`request ${message.id} is answered`, () => raw.received.slice(before).some(isAnswer));
  return raw.received.slice(before).find(isAnswer);
}

const hello = {
  id: 'initialize',
  method: 'initialize',
  params: {
    clientInfo: { name: 'codex-tui', version: '0.169.0', title: null },
    capabilities: { experimentalApi: true },
  },
};

describe('the handshake', () => {
  test.each(encodings)('in %s answers the reference’s four texts and our own part', async (encoding) => {
    const scene = await startScene();
    const raw = await scene.daemon.raw(encoding);

    const answer = await ask(raw, encoding, hello);

    expect(answer).toEqual({
      id: 'initialize',
      result: {
        // No release of the reference: its interface would call ours an old one.
        userAgent: expect.stringMatching(
          new RegExp(`^codex-daemon/daemon-${VERSION} \\(.+; .+\\) .+ \\(codex-tui; 0\\.169\\.0\\)$`),
        ),
        codexHome: scene.temp.home,
        platformFamily: 'unix',
        platformOs: process.platform === 'darwin' ? 'macos' : process.platform,
        daemon: {
          build: VERSION,
          pid: scene.daemon.pid,
          instanceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          clientId: expect.any(String),
          cwd: scene.temp.root,
          protocol: { min: 1, max: 1 },
        },
      },
    });
    raw.socket.send(encode({ method: 'initialized' }, encoding));
    // A client of the reference sends `initialized` and goes on; nothing answers it.
    expect(await ask(raw, encoding, { id: 7, method: 'account/read', params: {} })).toMatchObject({
      id: 7,
      result: { account: null, requiresOpenaiAuth: false },
    });
    raw.socket.terminate();
  });

  test.each(encodings)('in %s is needed first, and once', async (encoding) => {
    const scene = await startScene();
    const raw = await scene.daemon.raw(encoding);

    expect(await ask(raw, encoding, { id: 1, method: 'account/read', params: {} })).toMatchObject({
      error: { code: -32600, message: 'Not initialized', data: { name: 'notInitialized' } },
    });
    await ask(raw, encoding, hello);
    expect(await ask(raw, encoding, { ...hello, id: 3 })).toMatchObject({
      error: { code: -32600, message: 'Already initialized', data: { name: 'alreadyInitialized' } },
    });
    raw.socket.terminate();
  });

  test.each([
    { name: 'a newer client', protocol: { min: 3, max: 4 }, mend: 'run `codex daemon restart`' },
    { name: 'an older client', protocol: { min: -3, max: -1 }, mend: 'update it' },
  ])('refuses $name that is too far apart, with what mends it', async ({ protocol, mend }) => {
    const scene = await startScene();

    await expect(scene.connect({ protocol })).rejects.toMatchObject({
      errorName: 'versionMismatch',
      message: expect.stringContaining(mend),
    });
  });

  test('takes a client that is one version apart', async () => {
    const scene = await startScene();

    const client = await scene.connect({ protocol: { min: 2, max: 2 } });

    expect(client.clientId).not.toBe('');
  });
});

describe('a bad message', () => {
  const cases = [
    {
      name: 'an unknown method',
      message: { id: 1, method: 'thread/fly', params: {} },
      error: {
        code: -32601,
        message: 'Invalid request: unknown variant `thread/fly`',
        data: { name: 'methodNotFound' },
      },
    },
    {
      name: 'a method of every object',
      message: { id: 1, method: 'constructor', params: {} },
      error: {
        code: -32601,
        message: 'Invalid request: unknown variant `constructor`',
        data: { name: 'methodNotFound' },
      },
    },
    {
      name: 'a wrong type',
      message: { id: 1, method: 'turn/start', params: { threadId: 7, input: [] } },
      error: { code: -32600, message: expect.stringMatching(/^Invalid request: turn\/start: field `threadId`: /) },
    },
    {
      name: 'a wrong type deep inside',
      message: { id: 1, method: 'turn/start', params: { threadId: 'x', input: [{ type: 'text', text: 5 }] } },
      error: {
        code: -32600,
        message: expect.stringMatching(/field `input\.0\.text`: /),
        data: { name: 'invalidParams' },
      },
    },
    {
      name: 'missing parameters',
      message: { id: 1, method: 'thread/read' },
      error: { code: -32600, message: expect.stringContaining('thread/read') },
    },
  ];
  test.each(cases.flatMap((each) => encodings.map((encoding) => ({ ...each, encoding }))))(
    '$name in $encoding gets a typed error, and the connection goes on',
    async ({ message, error, encoding }) => {
      const scene = await startScene();
      const raw = await scene.daemon.raw(encoding);
      await ask(raw, encoding, hello);

      expect(await ask(raw, encoding, message)).toMatchObject({ id: 1, error });
      expect(await ask(raw, encoding, { id: 2, method: 'thread/list', params: {} })).toMatchObject({
        id: 2,
        result: { data: [] },
      });
      raw.socket.terminate();
    },
  );
});

describe('an unreadable frame closes that connection alone', () => {
  const frames: readonly { name: string; encoding: Encoding; frame: string | Uint8Array; code: number }[] = [
    { name: 'text that is no JSON', encoding: 'json', frame: '{"id":1,', code: 1007 },
    { name: 'a batch', encoding: 'json', frame: '[{"id":1,"method":"thread/list","params":{}}]', code: 1007 },
    { name: 'a number', encoding: 'json', frame: '7', code: 1007 },
    { name: 'nothing', encoding: 'json', frame: '', code: 1007 },
    { name: 'bytes that are no msgpack', encoding: 'msgpack', frame: Uint8Array.of(0xc1, 0xff), code: 1007 },
    { name: 'a msgpack map that is cut', encoding: 'msgpack', frame: Uint8Array.of(0x82, 0xa2, 0x69), code: 1007 },
    { name: 'a text frame on a msgpack connection', encoding: 'msgpack', frame: '{"id":1}', code: 1003 },
    { name: 'a binary frame on a JSON connection', encoding: 'json', frame: Uint8Array.of(0x80), code: 1003 },
    { name: 'JSON nested too deeply', encoding: 'json', frame: '['.repeat(200_000), code: 1007 },
  ];
  test('of any kind', async () => {
    const scene = await startScene();
    const bystander = await scene.connect();
    for (const { name, encoding, frame, code } of frames) {
      const raw = await scene.daemon.raw(encoding);
      await ask(raw, encoding, hello);

      raw.socket.send(frame);

      expect([name, await raw.closed]).toEqual([name, code]);
      expect((await bystander.request(daemonStatus, {})).clients.length, name).toBeLessThanOrEqual(2);
    }
  });

  test('that is larger than the limit', async () => {
    const scene = await startScene();
    const bystander = await scene.connect();
    const raw = await scene.daemon.raw('json');
    raw.socket.on('error', () => {});

    raw.socket.send('x'.repeat(65 * 1024 * 1024));

    expect([1006, 1009]).toContain(await raw.closed);
    expect((await bystander.request(daemonStatus, {})).pid).toBe(scene.daemon.pid);
  });
});

describe('the listener', () => {
  test('refuses a browser, which names its origin', async () => {
    const scene = await startScene();

    await expect(scene.daemon.raw('json', { origin: 'http://evil.example' })).rejects.toThrow('403');
  });

  test('keeps an id of any kind, answers none for null, and serves parallel calls', async () => {
    const scene = await startScene();
    const raw = await scene.daemon.raw('json');
    await ask(raw, 'json', hello);
    const before = raw.received.length;

    raw.socket.send(JSON.stringify({ id: null, method: 'thread/list', params: {} }));
    for (let id = 1; id <= 50; id += 1) raw.socket.send(JSON.stringify({ id, method: 'thread/list', params: {} }));
    expect(await ask(raw, 'json', { id: 'a-b', method: 'thread/list', params: {} })).toMatchObject({ id: 'a-b' });

    await until('all are answered', () => raw.received.length >= before + 51);
    const ids = raw.received.slice(before).map((value) => (value as { id: unknown }).id);
    expect(new Set(ids)).toEqual(new Set(['a-b', ...Array.from({ length: 50 }, (_, at) => at + 1)]));
    raw.socket.terminate();
  });

  test('leaves out what a client opted out of', async () => {
    const scene = await startScene();
    const client = await scene.connect({ optOut: ['account/updated', 'account/state'] });
    const other = await scene.connect();
    const { accountLoginStart, accountLogout } = await import('../../machines/protocol/methods/account.ts');

    await client.request(accountLoginStart, { type: 'apiKey', apiKey: 'sk-test' });
    await other.notification('account/updated');
    await client.request(accountLogout, {});

    expect(client.notifications.map(({ method }) => method)).toEqual(['account/login/completed']);
  });
});
