import { describe, expect, test } from 'vitest';
import { configMcpServerReload } from '../../machines/protocol/methods/config.ts';
import {
  mcpServerResourceRead,
  mcpServerStatusList,
  mcpServerToolCall,
} from '../../machines/protocol/methods/mcp-server.ts';
import { startThread } from '../support/client-turns.ts';
import { addMcpServer, type McpJournal } from '../support/fake-mcp.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const refusal = (errorName: string, code: number, message: unknown) => ({
  status: 'rejected',
  reason: expect.objectContaining({ errorName, code, message }),
});

describe('mcpServerStatus/list', () => {
  test('tells of every configured server: its state, tools, and what it has to read', async () => {
    const scene = await startScene({
      config: { tables: ['[mcp_servers.gone]', 'command = "no-such-program"', '[mcp_servers.off]', 'enabled = false'] },
      prepare: (temp) =>
        void addMcpServer(temp, 'box', {
          settings: ['disabled_tools = ["crash"]', 'default_tools_approval_mode = "prompt"'],
        }),
    });
    const client = await scene.connect();
    const { data, nextCursor } = await client.request(mcpServerStatusList, {});
    expect(nextCursor).toBeNull();
    const [gone, off, box] = data;
    expect(gone).toMatchObject({ name: 'gone', runtimeStatus: 'failed', tools: {}, serverInfo: null });
    expect(gone?.toolsError).toMatch(/no-such-program/);
    expect(off).toMatchObject({ name: 'off', runtimeStatus: 'disabled', toolsError: null });
    expect(box).toMatchObject({
      name: 'box',
      authStatus: 'unsupported',
      runtimeStatus: 'connected',
      serverInfo: { name: 'test-server', version: '1.2.3' },
      resources: [{ uri: 'test://notes' }],
      resourceTemplates: [{ uriTemplate: 'test://{name}' }],
      httpOrigin: null,
      toolsError: null,
    });
    expect(box?.tools['add-two']).toMatchObject({ name: 'add-two', description: 'Adds' });
    expect(Object.keys(box?.tools ?? {})).not.toContain('crash');

    const first = await client.request(mcpServerStatusList, { limit: 1, detail: 'toolsAndAuthOnly' });
    expect(first.data.map(({ name }) => name)).toEqual(['gone']);
    const rest = await client.request(mcpServerStatusList, { cursor: first.nextCursor, detail: 'toolsAndAuthOnly' });
    expect(rest.data.map(({ name, resources }) => [name, resources])).toEqual([
      ['off', []],
      ['box', []],
    ]);
  });

  test('looks at the servers that a thread has, and starts none of its own', async () => {
    const made: McpJournal[] = [];
    const scene = await startScene({
      script: [text('Done')],
      prepare: (temp) => void made.push(addMcpServer(temp, 'box')),
    });
    const thread = await startThread(await scene.connect());
    await thread.run('go');
    const other = await scene.connect({ environment: { variables: { HOME: '/nowhere' } } });
    const { data } = await other.request(mcpServerStatusList, { threadId: thread.id, serverName: 'box' });
    expect(data.map(({ runtimeStatus }) => runtimeStatus)).toEqual(['connected']);
    expect(made[0]?.pids()).toHaveLength(1);
  });
});

describe('a client', () => {
  test('calls a tool and reads what a server has', async () => {
    const scene = await startScene({
      prepare: (temp) => void addMcpServer(temp, 'box', { settings: ['disabled_tools = ["echo"]'] }),
    });
    const client = await scene.connect();
    const { id: threadId } = await startThread(client);
    const callTool = (tool: string, given: unknown) =>
      client.request(mcpServerToolCall, { server: 'box', threadId, tool, arguments: given });
    expect(await callTool('add-two', { a: 1, b: 1 })).toMatchObject({ structuredContent: { sum: 2 }, isError: null });
    expect(await callTool('refuse', {})).toMatchObject({ isError: true });
    expect(await client.request(mcpServerResourceRead, { server: 'box', uri: 'test://notes' })).toEqual({
      contents: [{ uri: 'test://notes', mimeType: 'text/plain', text: 'what is at test://notes' }],
    });
    const refused = await Promise.allSettled([callTool('echo', {}), callTool('none', {})]);
    expect([...refused, ...(await Promise.allSettled([callTool('crash', {})]))]).toEqual([
      refusal('invalidRequest', -32600, "the tool 'echo' of 'box' is disabled in the configuration"),
      refusal('mcpServerFailed', -32603, expect.stringMatching(/^the MCP server 'box' failed: .*no tools\/call/)),
      refusal('mcpServerFailed', -32603, expect.stringMatching(/it ended with code 7/)),
    ]);
  });

  test('is told which server is not configured, and how to sign in to one', async () => {
    const scene = await startScene({ config: { tables: ['[mcp_servers.mine]', 'command = "true"'] } });
    const client = await scene.connect();
    const answers = await Promise.allSettled([
      client.request(mcpServerResourceRead, { server: 'x', uri: 'a://b' }),
      client.request(mcpServerToolCall, { server: 'x', threadId: 't', tool: 'x', arguments: {} }),
    ]);
    expect(answers).toEqual([
      refusal('unknownServer', -32603, "unknown MCP server 'x'"),
      refusal('unknownServer', -32603, "unknown MCP server 'x'"),
    ]);
  });

  test('has those tried again that failed', async () => {
    const made: McpJournal[] = [];
    const scene = await startScene({
      script: [text('Done')],
      prepare: (temp) => void made.push(addMcpServer(temp, 'box', { flags: ['--dies'] })),
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('go');
    await thread.event('mcpServer/startupStatus/updated', 2);
    expect(await client.request(configMcpServerReload, {})).toEqual({});
    await thread.event('mcpServer/startupStatus/updated', 4);
    expect(made[0]?.pids()).toHaveLength(2);
  });
});
