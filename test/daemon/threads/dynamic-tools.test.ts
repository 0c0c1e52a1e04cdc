import { describe, expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { DYNAMIC_TOOL_TIMEOUT_MS, DynamicTools, type ToolHost } from '../../../daemon/threads/dynamic-tools.ts';
import { Peer } from '../../../machines/protocol/peer.ts';

const spec = { type: 'function' as const, name: 'look', description: '', inputSchema: {} };
const params = { threadId: 'thread-1', turnId: 'turn-1', callId: 'c1', tool: 'look', arguments: {} };

/** A client that never answers; what it is asked is kept. */
function silentHost(): ToolHost & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const peer = new Peer({
    transport: { send: (message) => asked.push(message), close: () => {} },
    definitionOf: () => undefined,
    answer: () => null,
    notified: () => {},
  });
  return { peer, asked };
}

function withTools() {
  const simulated = new SimulatedClock();
  const host = silentHost();
  const tools = new DynamicTools(simulated);
  tools.declare('thread-1', host, [spec]);
  return { simulated, host, tools };
}

describe('the tools of clients', () => {
  test('are waited for only so long', async () => {
    const { simulated, host, tools } = withTools();
    const calling = tools.call(params, new AbortController().signal);
    const failed = expect(calling).rejects.toMatchObject({ limitMs: DYNAMIC_TOOL_TIMEOUT_MS });
    expect(host.asked).toMatchObject([{ id: 'tool-call-1', method: 'item/tool/call', params }]);
    simulated.increment(DYNAMIC_TOOL_TIMEOUT_MS);
    await failed;
  });

  test('are known and not offered once their client has left', async () => {
    const { host, tools } = withTools();
    expect([tools.offered('thread-1'), tools.offered('thread-2')]).toEqual([[spec], []]);
    tools.endFor(host);
    expect([tools.offered('thread-1'), tools.known('thread-1')]).toEqual([[], [spec]]);
    await expect(tools.call(params, new AbortController().signal)).rejects.toMatchObject({
      errorName: 'connectionClosed',
    });
  });

  test('are remembered for a hundred threads whose client has left, the newest', () => {
    const { host, tools } = withTools();
    for (let at = 2; at <= 101; at += 1) tools.declare(`thread-${at}`, host, [spec]);
    tools.endFor(host);
    expect([tools.known('thread-1'), tools.known('thread-2'), tools.known('thread-101')]).toEqual([[], [spec], [spec]]);
  });
});
