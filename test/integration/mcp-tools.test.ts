import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { mcpServerElicitationRequest } from '../../machines/protocol/methods/mcp-server.ts';
import { threadAttach, threadResume } from '../../machines/protocol/methods/thread.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { addMcpServer, type McpJournal, type McpOptions } from '../support/fake-mcp.ts';
import { call, outputsOf, reply, text } from '../support/fake-openai.ts';
import { logOf, type SceneOptions, startScene } from '../support/scene.ts';

/** A scene with one MCP server called `box`. */
async function mcpScene(options: SceneOptions & { readonly server?: McpOptions } = {}) {
  let journal: McpJournal | null = null;
  const scene = await startScene({
    ...options,
    prepare: (temp) => {
      journal = addMcpServer(temp, 'box', options.server);
      options.prepare?.(temp);
    },
  });
  if (journal === null) throw new Error('the scene was not prepared');
  return { scene, journal: journal as McpJournal };
}

const boxCall = (name: string, args: unknown, callId: string) => call(name, args, { callId, namespace: 'mcp__box' });
const ANSWER = /^Wall time: \d+\.\d{4} seconds\nOutput:\n/;

describe('the tools of an MCP server', () => {
  test('are offered in a namespace with clean names, and answer with text, structure, failure or a picture', async () => {
    const { scene } = await mcpScene({
      script: [
        reply([
          boxCall('echo', { text: 'hi' }, 'c1'),
          boxCall('add_two', { a: 1, b: 2 }, 'c2'),
          boxCall('refuse', {}, 'c3'),
          boxCall('picture', {}, 'c4'),
          boxCall('echo', 'no object', 'c5'),
          boxCall('nothing', {}, 'c6'),
        ]),
        text('Done'),
      ],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('go');

    const [first, second] = scene.openai.requests;
    const namespace = first?.body.tools.find(({ name }) => name === 'mcp__box');
    expect(namespace).toMatchObject({ type: 'namespace', description: 'Tools for tests.' });
    const names = (namespace?.tools as { name: string }[] | undefined)?.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['echo', 'add_two', 'refuse', 'picture', 'write', 'grow']));
    expect(names).not.toContain('broken');

    const outputs = second ? outputsOf(second) : {};
    expect(outputs.c1).toMatch(ANSWER);
    expect(outputs.c1?.replace(ANSWER, '')).toBe('echo: hi');
    expect(outputs.c2?.replace(ANSWER, '')).toBe('{"sum":3}');
    expect(outputs.c3?.replace(ANSWER, '')).toBe('the shop is closed');
    expect(JSON.parse(outputs.c4 ?? '')).toEqual([
      { type: 'input_text', text: expect.stringMatching(/Output:\na dot$/) },
      { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' },
    ]);
    expect(outputs.c5).toMatch(/^failed to parse function arguments/);
    expect(outputs.c6).toBe('unsupported call: mcp__box__nothing');

    const items = thread.itemsOf('mcpToolCall');
    expect(items.map(({ id, tool, status }) => [id, tool, status]).sort()).toEqual([
      ['c1', 'echo', 'completed'],
      ['c2', 'add-two', 'completed'],
      ['c3', 'refuse', 'failed'],
      ['c4', 'picture', 'completed'],
    ]);
    expect(items.find(({ id }) => id === 'c2')).toMatchObject({
      server: 'box',
      arguments: { a: 1, b: 2 },
      result: { structuredContent: { sum: 3 } },
      readOnlyHint: true,
    });
    expect(thread.events.filter(({ method }) => method === 'mcpServer/startupStatus/updated')).toEqual([
      expect.objectContaining({ params: { threadId: thread.id, name: 'box', status: 'starting', error: null } }),
      expect.objectContaining({ params: { threadId: thread.id, name: 'box', status: 'ready', error: null } }),
    ]);
  });

  test('are plain functions for a model that is not known to take namespaces', async () => {
    const { scene } = await mcpScene({
      script: [reply([call('mcp__box__echo', { text: 'hi' }, { callId: 'c1' })]), text('Done')],
    });
    const thread = await startThread(await scene.connect(), { model: 'some-local-model' });
    await thread.run('go');
    const [first, second] = scene.openai.requests;
    expect(first?.body.tools.find(({ name }) => name === 'mcp__box__echo')).toMatchObject({ type: 'function' });
    expect(first?.body.tools.some(({ type }) => type === 'namespace')).toBe(false);
    expect(second && outputsOf(second).c1).toMatch(/echo: hi$/);
  });

  test('are kept in the log: the thread shows its calls after a kill, one that was under way as failed', async () => {
    const { scene, journal } = await mcpScene({
      script: [reply([boxCall('echo', { text: 'a' }, 'c1'), boxCall('wait', {}, 'c2')]), text('never')],
    });
    const thread = await startThread(await scene.connect());
    await thread.prompt('go');
    await journal.whenNoted(/^waiting$/);
    await thread.waitFor('c1', () =>
      thread.itemsOf('mcpToolCall').find(({ id, status }) => id === 'c1' && status === 'completed'),
    );
    await scene.daemon.kill9();
    await scene.start();

    const again = await attachThread(await scene.connect(), thread.id);
    const items = again.itemsOf('mcpToolCall');
    expect(items.map(({ id, status }) => [id, status])).toEqual([
      ['c1', 'completed'],
      ['c2', 'failed'],
    ]);
    expect(items[0]).toMatchObject({ server: 'box', tool: 'echo', arguments: { text: 'a' } });
    expect(items[0]?.result?.content).toEqual([{ type: 'text', text: 'echo: a' }]);
    expect(items[1]?.error?.message).toMatch(/what it did is unknown/);
    const logged = logOf(scene.temp, thread.id).flatMap(({ payload }) =>
      payload.type === 'item_completed' ? [payload.item as { type: string }] : [],
    );
    expect(logged.filter(({ type }) => type === 'McpToolCall')).toHaveLength(2);
  });

  test('say how far they are, and are cancelled at the server when the turn is interrupted', async () => {
    const { scene, journal } = await mcpScene({ script: [reply([boxCall('wait', {}, 'c1')])] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    const { params } = await thread.event('item/mcpToolCall/progress');
    expect(params).toMatchObject({ itemId: 'c1', message: 'half of it' });
    const late = await (await scene.connect()).request(threadAttach, { threadId: thread.id });
    expect(late.snapshot?.thread.turns[0]?.items.at(-1)).toMatchObject({
      status: 'inProgress',
      progress: 'half of it',
    });

    await client.request(turnInterrupt, { threadId: thread.id });
    expect((await thread.ended(turnId)).status).toBe('interrupted');
    await journal.whenNoted(/^cancelled /);
    expect(thread.itemsOf('mcpToolCall')).toEqual([
      expect.objectContaining({ status: 'failed', error: { message: 'aborted by user' } }),
    ]);
    expect(thread.itemsOf('mcpToolCall')[0]).not.toHaveProperty('progress');
  });

  test('that take too long fail by themselves', async () => {
    const { scene } = await mcpScene({
      script: [reply([boxCall('wait', {}, 'c1')]), text('Done')],
      server: { settings: ['tool_timeout_sec = 0.2'] },
    });
    await (await startThread(await scene.connect())).run('go');
    const second = await scene.openai.waitForRequest(2);
    expect(outputsOf(second).c1).toBe('tool call error: no answer within 0.2 s');
  });

  test('can be left out, and new ones are offered as soon as the server names them', async () => {
    const { scene } = await mcpScene({
      script: [reply([boxCall('grow', {}, 'c1')]), text('First'), reply([boxCall('echo', {}, 'c2')]), text('Second')],
      server: { settings: ['enabled_tools = ["grow", "late", "echo"]', 'disabled_tools = ["echo"]'] },
    });
    const thread = await startThread(await scene.connect());
    await thread.run('go');
    await thread.run('again');
    const offered = scene.openai.requests.map(({ body }) => {
      const tools = body.tools.find(({ name }) => name === 'mcp__box')?.tools as { name: string }[];
      return tools.map(({ name }) => name);
    });
    expect(offered[0]).toEqual(['grow']);
    expect(offered[3]).toEqual(['grow', 'late']);
    expect(outputsOf(await scene.openai.waitForRequest(4)).c2).toBe('unsupported call: mcp__box__echo');
  });
});

describe('what MCP servers have to read', () => {
  test('is listed and read by tools of our own, which are there only when a server is', async () => {
    const { scene } = await mcpScene({
      script: [
        reply([
          call('list_mcp_resources', {}, { callId: 'c1' }),
          call('list_mcp_resource_templates', { server: 'box' }, { callId: 'c2' }),
          call('read_mcp_resource', { server: 'box', uri: 'test://notes' }, { callId: 'c3' }),
          call('read_mcp_resource', { server: 'none', uri: 'test://notes' }, { callId: 'c4' }),
        ]),
        text('Done'),
        text('Without'),
      ],
    });
    const client = await scene.connect();
    await (await startThread(client)).run('go');
    const outputs = outputsOf(await scene.openai.waitForRequest(2));
    expect(JSON.parse(outputs.c1 ?? '')).toEqual({
      servers: [{ server: 'box', resources: [{ name: 'notes', uri: 'test://notes', mimeType: 'text/plain' }] }],
    });
    expect(JSON.parse(outputs.c2 ?? '')).toMatchObject({ server: 'box', resourceTemplates: [{ name: 'any' }] });
    expect(JSON.parse(outputs.c3 ?? '')).toMatchObject({ contents: [{ text: 'what is at test://notes' }] });
    expect(outputs.c4).toBe("unknown MCP server 'none'; there are: box");

    const without = await startThread(client, { config: { 'mcp_servers.box.enabled': false } });
    await without.run('go');
    const names = (await scene.openai.waitForRequest(3)).body.tools.map(({ name }) => name);
    expect(names.filter((name) => /mcp/.test(String(name)))).toEqual([]);
  });
});

describe('a call that may change something', () => {
  const asking = { approvalPolicy: 'on-request', sandbox: 'read-only' } as const;
  const write = (callId: string) => boxCall('write', { text: 'x' }, callId);

  test('is asked about, and not again once a person allowed it for the thread', async () => {
    const { scene, journal } = await mcpScene({ script: [reply([write('c1')]), reply([write('c2')]), text('Done')] });
    const client = await scene.connect();
    const thread = await startThread(client, asking);
    const turnId = await thread.prompt('go');
    const { params } = await thread.event('approval/requested');
    expect(params).toMatchObject({
      kind: 'mcpToolCall',
      command: 'box.write {"text":"x"}',
      mcpTool: { server: 'box', tool: 'write', description: 'Writes it down' },
    });
    expect(journal.lines().filter((line) => line.startsWith('call'))).toEqual([]);
    const { threadId, approvalId } = params;
    await client.request(approvalRespond, { threadId, approvalId, decision: 'acceptForSession' });
    await thread.ended(turnId);
    expect(journal.lines().filter((line) => line === 'wrote x')).toHaveLength(2);
  });

  test.each([
    { answer: { action: 'accept', content: {} }, decision: 'accept', status: 'completed' },
    {
      answer: { action: 'accept', content: {}, _meta: { persist: 'session' } },
      decision: 'acceptForSession',
      status: 'completed',
    },
    { answer: { action: 'decline' }, decision: 'decline', status: 'failed' },
  ])('is put to a client of the reference as it is used to: $decision', async ({ answer, decision, status }) => {
    const { scene } = await mcpScene({ script: [reply([write('c1')]), text('Done')] });
    const thread = await startThread(await scene.connect(), asking);
    const plain = await scene.connect({ isOurs: false, encoding: 'json', onAsk: () => answer });
    await plain.request(threadResume, { threadId: thread.id });
    await thread.run('go');

    expect(plain.asked.map(({ method, params }) => [method, params])).toEqual([
      [
        mcpServerElicitationRequest.method,
        {
          threadId: thread.id,
          turnId: thread.turns[0]?.id,
          serverName: 'box',
          mode: 'form',
          message: 'Allow the box MCP server to run tool "write"?',
          requestedSchema: { type: 'object', properties: {} },
          _meta: {
            codex_approval_kind: 'mcp_tool_call',
            persist: ['session'],
            tool_name: 'write',
            tool_description: 'Writes it down',
            tool_params: { text: 'x' },
          },
        },
      ],
    ]);
    expect(thread.snapshot?.decisions.map((known) => known.decision)).toEqual([decision]);
    expect(thread.itemsOf('mcpToolCall').map((item) => item.status)).toEqual([status]);
  });

  test('is refused when a person says no, and shown as failed', async () => {
    const { scene, journal } = await mcpScene({ script: [reply([write('c1')]), text('Done')] });
    const client = await scene.connect();
    const thread = await startThread(client, asking);
    const turnId = await thread.prompt('go');
    const { params } = await thread.event('approval/requested');
    const { threadId, approvalId } = params;
    await client.request(approvalRespond, { threadId, approvalId, decision: 'decline' });
    await thread.ended(turnId);
    expect(thread.itemsOf('mcpToolCall')).toMatchObject([{ status: 'failed', error: { message: 'rejected by user' } }]);
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toBe('rejected by user');
    expect(journal.lines()).not.toContain('wrote x');
  });

  test.each([
    {
      name: 'is refused where nobody may be asked',
      settings: [],
      sandbox: 'read-only' as const,
      output: /^MCP tool call requires approval, but approval policy is never$/,
    },
    {
      name: 'is made under full access, where nobody is to be asked',
      settings: [],
      sandbox: 'danger-full-access' as const,
      output: /written$/,
    },
    {
      name: 'is made when its server is approved',
      settings: ['default_tools_approval_mode = "approve"'],
      sandbox: 'read-only' as const,
      output: /written$/,
    },
    {
      name: 'is made when it is approved itself',
      settings: [
        'default_tools_approval_mode = "prompt"',
        '[mcp_servers.box.tools.write]',
        'approval_mode = "approve"',
      ],
      sandbox: 'read-only' as const,
      output: /written$/,
    },
  ])('$name', async ({ settings, sandbox, output }) => {
    const { scene } = await mcpScene({ script: [reply([write('c1')]), text('Done')], server: { settings } });
    await (await startThread(await scene.connect(), { sandbox, approvalPolicy: 'never' })).run('go');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(output);
  });

  test('waits over a restart of the daemon, and is made by the next one', async () => {
    const { scene, journal } = await mcpScene({ script: [reply([write('c1')]), text('Done')] });
    const thread = await startThread(await scene.connect(), asking);
    const turnId = await thread.prompt('go');
    const { params } = await thread.event('approval/requested');
    await scene.daemon.kill9();
    await scene.start();

    const client = await scene.connect();
    const again = await attachThread(client, thread.id);
    const { threadId, approvalId } = params;
    await client.request(approvalRespond, { threadId, approvalId, decision: 'accept' });
    await again.ended(turnId);
    expect(journal.lines()).toContain('wrote x');
    expect(again.itemsOf('mcpToolCall')).toMatchObject([{ status: 'completed' }]);
  });
});

test('a server that starts slowly is waited for, after the prompt is shown', async () => {
  let key = '';
  const scene = await startScene({
    script: [text('Done')],
    prepare: (temp) => {
      key = join(temp.root, 'go');
      addMcpServer(temp, 'slow', { flags: ['--starts-with', key] });
    },
  });
  const thread = await startThread(await scene.connect());
  const turnId = await thread.prompt('go');
  await thread.event('item/completed');
  expect(scene.openai.requests).toEqual([]);
  writeFileSync(key, '');
  await thread.ended(turnId);
  expect(scene.openai.requests[0]?.body.tools.some(({ name }) => name === 'mcp__slow')).toBe(true);
});
