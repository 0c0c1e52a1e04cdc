import { describe, expect, test } from 'vitest';
import { RpcError } from '../../machines/core/errors.ts';
import { dynamicToolCall } from '../../machines/protocol/methods/dynamic-tool.ts';
import { threadAttach, threadResume, threadStart } from '../../machines/protocol/methods/thread.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { attachThread, type ClientThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { call, outputsOf, type RecordedRequest, reply, type Step, text } from '../support/fake-openai.ts';
import { logOf, type Scene, startScene } from '../support/scene.ts';

const inputSchema = { type: 'object', properties: { city: { type: 'string' } } };
const dynamicTools = [
  { type: 'function' as const, name: 'get_weather', description: 'Tells the weather.', inputSchema },
  {
    type: 'namespace' as const,
    name: 'my_ns',
    description: 'What only this client can do.',
    tools: [{ type: 'function' as const, name: 'look', description: 'Looks.', inputSchema: {} }],
  },
];
const weather = (callId = 'c1') => call('get_weather', { city: 'Bern' }, { callId });
const said = (words: string, success = true) => ({ contentItems: [{ type: 'inputText', text: words }], success });

interface Offered {
  readonly scene: Scene;
  readonly host: DaemonClient;
  readonly thread: ClientThread;
}

/** A thread whose client, one of the reference's, answers calls; another client of ours looks on. */
async function offered(
  script: readonly Step[],
  onAsk: (method: string, params: unknown) => unknown,
  params: { readonly model?: string } = {},
): Promise<Offered> {
  const scene = await startScene({ script, config: { envKey: null } });
  const host = await scene.connect({ encoding: 'json', isOurs: false, name: 'codex-tui', onAsk });
  const { thread } = await host.request(threadStart, {
    cwd: scene.temp.workspace,
    sandbox: 'danger-full-access',
    approvalPolicy: 'never',
    dynamicTools,
    ...params,
  });
  return { scene, host, thread: await attachThread(await scene.connect(), thread.id) };
}

const namesIn = ({ body }: RecordedRequest): unknown[] => body.tools.map(({ name }) => name);
const never = () => new Promise(() => {});

describe('tools that a client declares', () => {
  test('are offered and answered by it, and everybody sees the call', async () => {
    const answers = [said('sunny'), said('nothing there', false)];
    const { scene, host, thread } = await offered(
      [reply([weather()]), reply([call('look', { x: 1 }, { callId: 'c2', namespace: 'my_ns' })]), text('Done')],
      () => answers.shift(),
      { model: 'gpt-5.4' },
    );
    const turn = await thread.run('how is it?');

    const [first] = scene.openai.requests;
    expect(first?.body.tools.slice(-2)).toEqual([
      {
        type: 'function',
        name: 'get_weather',
        description: 'Tells the weather.',
        strict: false,
        parameters: inputSchema,
      },
      {
        type: 'namespace',
        name: 'my_ns',
        description: 'What only this client can do.',
        tools: [
          {
            type: 'function',
            name: 'look',
            description: 'Looks.',
            strict: false,
            parameters: { type: 'object', properties: {} },
          },
        ],
      },
    ]);
    const of = { threadId: thread.id, turnId: turn.id };
    expect(host.asked.map(({ method, params }) => ({ method, params }))).toEqual([
      {
        method: dynamicToolCall.method,
        params: { ...of, callId: 'c1', namespace: null, tool: 'get_weather', arguments: { city: 'Bern' } },
      },
      {
        method: dynamicToolCall.method,
        params: { ...of, callId: 'c2', namespace: 'my_ns', tool: 'look', arguments: { x: 1 } },
      },
    ]);
    expect(outputsOf(await scene.openai.waitForRequest(3))).toEqual({ c1: 'sunny', c2: 'nothing there' });
    expect(thread.itemsOf('dynamicToolCall')).toMatchObject([
      { id: 'c1', namespace: null, tool: 'get_weather', status: 'completed', ...said('sunny') },
      { id: 'c2', namespace: 'my_ns', tool: 'look', status: 'failed', success: false },
    ]);
    expect(thread.outline()).toContain('item/started dynamicToolCall');
    const before = thread.items;
    await scene.daemon.stop();
    await scene.start();
    expect((await attachThread(await scene.connect(), thread.id)).items).toEqual(before);
  });

  test('have plain names for a model that takes no namespaces', async () => {
    const { scene, thread } = await offered(
      [reply([call('my_ns__look', {}, { callId: 'c1' })]), text('Done')],
      () => said('seen'),
      { model: 'unheard-of' },
    );
    await thread.run('look');

    expect(namesIn(await scene.openai.waitForRequest(1)).slice(-2)).toEqual(['get_weather', 'my_ns__look']);
    expect(outputsOf(await scene.openai.waitForRequest(2))).toEqual({ c1: 'seen' });
  });

  test.each([
    {
      name: 'an error',
      answer: () => Promise.reject(new RpcError('invalidRequest', 'no such city')),
      says: 'tool call error: no such city',
    },
    {
      name: 'what is no answer',
      answer: () => ({ contentItems: 'sunny' }),
      says: /^tool call error: the client's answer cannot be read/,
    },
    { name: 'nothing', answer: () => ({ contentItems: [], success: true }), says: '(no output)' },
  ])('answered with $name tell the model so', async ({ answer, says }) => {
    const { scene, thread } = await offered([reply([weather()]), text('Done')], answer);
    expect((await thread.run('how is it?')).status).toBe('completed');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toEqual(
      typeof says === 'string' ? says : expect.stringMatching(says),
    );
  });

  test('give pictures as pictures', async () => {
    const imageUrl = 'data:image/png;base64,AAAA';
    const { scene, thread } = await offered(
      [reply([weather()]), text('Done')],
      () => ({
        contentItems: [
          { type: 'inputText', text: 'see' },
          { type: 'inputImage', imageUrl },
        ],
        success: true,
      }),
      { model: 'gpt-5.4' },
    );
    await thread.run('show me');
    const { body } = await scene.openai.waitForRequest(2);
    expect(body.input.find(({ type }) => type === 'function_call_output')?.output).toEqual([
      { type: 'input_text', text: 'see' },
      { type: 'input_image', image_url: imageUrl },
    ]);
  });

  test('fail when the client leaves in mid-call, and are offered no more', async () => {
    const { scene, host, thread } = await offered([reply([weather()]), reply([weather('c2')]), text('Done')], never);
    const turnId = await thread.prompt('how is it?');
    await host.waitFor('the call', () => host.asked[0]);
    host.raw.socket.terminate();

    expect((await thread.ended(turnId)).status).toBe('completed');
    const outputs = outputsOf(await scene.openai.waitForRequest(3));
    const left = 'tool call error: the client that offered this tool has left';
    expect(outputs).toEqual({ c1: left, c2: left });
    expect(thread.itemsOf('dynamicToolCall').map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(scene.openai.requests.map((request) => namesIn(request).includes('get_weather'))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each([
    { name: 'resumes', isOurs: false, how: 'leave' },
    { name: 'attaches', isOurs: true, how: 'leave' },
    { name: 'resumes after a restart', isOurs: false, how: 'restart' },
    { name: 'attaches while its lost connection is not missed yet', isOurs: true, how: 'stay' },
  ] as const)('are offered and answered again when their client $name', async ({ isOurs, how }) => {
    const scene = await startScene({
      script: [text('One'), reply([weather()]), text('Two')],
      config: { envKey: null },
    });
    const of = { isOurs, name: 'my-editor', encoding: isOurs ? 'msgpack' : 'json' } as const;
    const host = await scene.connect(of);
    const { thread } = await host.request(threadStart, { cwd: scene.temp.workspace, dynamicTools });
    await (await attachThread(await scene.connect(), thread.id)).run('one');
    if (how === 'leave') await host.close();
    if (how === 'restart') {
      await scene.daemon.stop();
      await scene.start();
    }

    const back = await scene.connect({ ...of, onAsk: () => said('sunny') });
    const params = { threadId: thread.id };
    await (isOurs ? back.request(threadAttach, params) : back.request(threadResume, params));
    const again = await attachThread(await scene.connect(), thread.id);
    expect((await again.run('how is it?')).status).toBe('completed');

    expect(back.asked.map(({ params }) => params)).toMatchObject([
      { tool: 'get_weather', arguments: { city: 'Bern' } },
    ]);
    expect(outputsOf(await scene.openai.waitForRequest(3))).toEqual({ c1: 'sunny' });
  });

  test.each([
    { name: 'another program', client: { isOurs: false, encoding: 'json', name: 'other' }, role: null },
    { name: 'one of ours', client: { name: 'codex-tui' }, role: null },
    { name: 'an observer', client: { name: 'my-editor' }, role: 'observer' },
  ] as const)('are not taken up by $name', async ({ client, role }) => {
    const scene = await startScene({ script: [text('One')], config: { envKey: null } });
    const host = await scene.connect({ name: role ? 'my-editor' : 'codex-tui' });
    const { thread } = await host.request(threadStart, { cwd: scene.temp.workspace, dynamicTools });
    await scene.daemon.stop();
    await scene.start();
    const other = await scene.connect(client);
    await (role
      ? other.request(threadAttach, { threadId: thread.id, role })
      : other.request(threadResume, { threadId: thread.id }));
    await (await attachThread(await scene.connect(), thread.id)).run('one');
    expect(namesIn(await scene.openai.waitForRequest(1))).not.toContain('get_weather');
  });

  test('that are to be found later need a namespace to be found by', async () => {
    const client = await (await startScene()).connect();
    const [first] = dynamicTools;
    await expect(
      client.request(threadStart, { dynamicTools: first ? [{ ...first, deferLoading: true }] : [] } as never),
    ).rejects.toMatchObject({
      errorName: 'invalidRequest',
      message: 'deferred dynamic tool must include a namespace: get_weather',
    });
  });

  test('are given up by an interrupt', async () => {
    const { host, thread } = await offered([reply([weather()])], never);
    const turnId = await thread.prompt('how is it?');
    await host.waitFor('the call', () => host.asked[0]);
    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect((await thread.ended(turnId)).status).toBe('interrupted');
    expect(thread.itemsOf('dynamicToolCall')).toMatchObject([{ status: 'failed', success: false }]);
  });

  test('are lost with a kill in mid-call, and the model is told so', async () => {
    const { scene, host, thread } = await offered([reply([weather()])], never);
    await thread.prompt('how is it?');
    await host.waitFor('the call', () => host.asked[0]);
    await scene.daemon.kill9();
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);

    expect(again.itemsOf('dynamicToolCall')).toMatchObject([{ id: 'c1', status: 'failed' }]);
    const outputs = logOf(scene.temp, thread.id).filter(({ payload }) => payload.type === 'function_call_output');
    expect(outputs.map(({ payload }) => payload.output)).toEqual([expect.stringContaining('what it did is unknown')]);
  });

  test('with a name that a model cannot call are refused', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const [first] = dynamicTools;
    await expect(
      client.request(threadStart, { dynamicTools: first ? [{ ...first, name: 'a b' }] : [] }),
    ).rejects.toMatchObject({ errorName: 'invalidParams', message: expect.stringContaining('a name of 1 to 64') });
  });
});
