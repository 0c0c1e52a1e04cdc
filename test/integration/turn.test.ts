import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import { startThread } from '../support/client-turns.ts';
import {
  call,
  garbage,
  message,
  outputsOf,
  patchCall,
  reasoning,
  reply,
  text,
  usage,
  userTexts,
} from '../support/fake-openai.ts';
import { logOf, startScene } from '../support/scene.ts';

const exec = (cmd: string, callId: string, more: Record<string, unknown> = {}) =>
  call('exec_command', { cmd, login: false, ...more }, { callId });

const opening = [
  'thread/status/changed active',
  'turn/started',
  'item/started userMessage',
  'item/completed userMessage',
];
const answer = (deltas = 1) => [
  'item/started agentMessage',
  ...Array<string>(deltas).fill('item/agentMessage/delta'),
  'item/completed agentMessage',
  'thread/tokenUsage/updated',
];
const closing = ['thread/readState/changed', 'thread/status/changed idle', 'turn/completed completed'];

describe('the order of a turn’s notifications (protocol.md §5)', () => {
  test('of a plain answer: status before the end', async () => {
    const scene = await startScene({ script: [text('Hello there', { chunks: 3 })] });
    const thread = await startThread(await scene.connect());
    const from = thread.events.length;

    const turn = await thread.run('say hello');

    expect(thread.outline(from)).toEqual([...opening, ...answer(3), ...closing]);
    expect(turn).toMatchObject({ status: 'completed', error: null, items: [{ text: 'Hello there' }] });
    expect(thread.itemsOf('userMessage')).toMatchObject([{ content: [{ type: 'text', text: 'say hello' }] }]);
    expect(thread.gaps).toEqual([]);
  });

  test('of reasoning: its part, its words, its end, then the answer', async () => {
    const scene = await startScene({ script: [reply([reasoning('Thinking hard', { chunks: 2 }), message('Done')])] });
    const thread = await startThread(await scene.connect());
    const from = thread.events.length;

    await thread.run('think');

    expect(thread.outline(from)).toEqual([
      ...opening,
      'item/started reasoning',
      'item/reasoning/summaryPartAdded',
      'item/reasoning/summaryTextDelta',
      'item/reasoning/summaryTextDelta',
      'item/completed reasoning',
      ...answer(),
      ...closing,
    ]);
    expect(thread.itemsOf('reasoning')).toMatchObject([{ summary: ['Thinking hard'] }]);
  });

  test('of a command: output between its start and its end', async () => {
    const scene = await startScene({ script: [reply([exec('echo hi', 'c1')]), text('It says hi')] });
    const thread = await startThread(await scene.connect());
    const from = thread.events.length;

    await thread.run('run it');

    // The response's own usage comes whenever it ends, beside the command that it started.
    const outline = thread.outline(from);
    expect(outline.filter((line) => line === 'thread/tokenUsage/updated')).toHaveLength(2);
    outline.splice(outline.indexOf('thread/tokenUsage/updated'), 1);
    expect(outline).toEqual([
      ...opening,
      'item/started commandExecution',
      'item/commandExecution/outputDelta',
      'item/completed commandExecution completed',
      ...answer(),
      ...closing,
    ]);
    expect(thread.itemsOf('commandExecution')).toMatchObject([
      { id: 'c1', status: 'completed', exitCode: 0, aggregatedOutput: 'hi\n', command: "/bin/bash -c 'echo hi'" },
    ]);
  });

  test('of a patch inside the workspace: the change, its end, the turn’s diff', async () => {
    const patch = '*** Begin Patch\n*** Add File: new.txt\n+one\n*** End Patch';
    const scene = await startScene({ script: [reply([patchCall(patch, { callId: 'p1' })]), text('Written')] });
    const thread = await startThread(await scene.connect());
    const from = thread.events.length;

    await thread.run('write it');

    expect(readFileSync(join(scene.temp.workspace, 'new.txt'), 'utf8')).toBe('one\n');
    const outline = thread.outline(from);
    expect(outline.indexOf('item/started fileChange')).toBeLessThan(
      outline.indexOf('item/completed fileChange completed'),
    );
    expect(outline).toContain('turn/diff/updated');
    expect(thread.itemsOf('fileChange')).toMatchObject([
      { id: 'p1', status: 'completed', changes: [{ kind: { type: 'add' }, diff: 'one\n' }] },
    ]);
    expect(outputsOf(await scene.openai.waitForRequest(2)).p1).toMatch(
      /^Exit code: 0\nWall time: \d+\.\d seconds\nOutput:\nSuccess\. Updated the following files:\nA new\.txt/,
    );
  });
});

describe('tools', () => {
  test('calls of one response run side by side, and their outputs go back in the order of the calls', async () => {
    // The first cannot end unless the second runs beside it; the pause is for the second to be over by then.
    const slow = exec('while [ ! -e go ]; do sleep 0.02; done; sleep 1; echo slow', 'first');
    const fast = exec('touch go; echo fast', 'second');
    const scene = await startScene({ script: [reply([slow, fast]), text('Both ran')] });
    const thread = await startThread(await scene.connect());

    await thread.run('run both');

    const request = await scene.openai.waitForRequest(2);
    const outputs = request.body.input.filter((item) => item.type === 'function_call_output');
    expect(outputs.map((item) => item.call_id)).toEqual(['first', 'second']);
    expect(outputsOf(request).first).toMatch(
      /^Chunk ID: [0-9a-f]{6}\nWall time: \d+\.\d{4} seconds\nProcess exited with code 0\nOriginal token count: 2\nOutput:\nslow\n$/,
    );
    const ends = thread.events.flatMap((event) =>
      event.method === 'item/completed' && event.params.item.type === 'commandExecution' ? [event.params.item.id] : [],
    );
    expect(ends).toEqual(['second', 'first']);
  });

  test.each([
    {
      name: 'a command that fails',
      part: exec('echo oops >&2; exit 3', 'c'),
      says: /Process exited with code 3\n.*\nOutput:\noops\n$/s,
    },
    {
      name: 'arguments that are not JSON',
      part: call('exec_command', '{nope', { callId: 'c' }),
      says: /^failed to parse function arguments: /,
    },
    {
      name: 'arguments of the wrong type',
      part: call('exec_command', { cmd: 7 }, { callId: 'c' }),
      says: /^failed to parse function arguments: cmd: /,
    },
    { name: 'a tool that does not exist', part: call('fly', {}, { callId: 'c' }), says: /^unsupported call: fly$/ },
    {
      name: 'an unknown running command',
      part: call('write_stdin', { session_id: 999 }, { callId: 'c' }),
      says: /^write_stdin failed: Unknown process id 999$/,
    },
    {
      name: 'a patch that does not fit',
      part: patchCall('*** Begin Patch\n*** Delete File: none\n*** End Patch', { callId: 'c' }),
      says: /^apply_patch verification failed: /,
    },
    { name: 'a folder that is missing', part: exec('pwd', 'c', { workdir: 'not/here' }), says: /not\/here/ },
    {
      name: 'a plan',
      part: call('update_plan', { plan: [{ step: 'one', status: 'in_progress' }] }, { callId: 'c' }),
      says: /^Plan updated$/,
    },
  ])('$name is told to the model, and the turn goes on', async ({ part, says }) => {
    const scene = await startScene({ script: [reply([part]), text('I see')] });
    const thread = await startThread(await scene.connect());

    const turn = await thread.run('try');

    expect(turn.status).toBe('completed');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c).toMatch(says);
  });

  test.each([
    { name: 'the usual budget', top: [], tokens: 10_000 },
    { name: 'a smaller one of the configuration', top: ['tool_output_token_limit = 100'], tokens: 100 },
    { name: 'a larger one of the configuration', top: ['tool_output_token_limit = 12000'], tokens: 12_000 },
  ])('a call that asks for more output gets $name', async ({ top, tokens }) => {
    const cmd = "head -c 60000 /dev/zero | tr '\\0' a";
    const script = [reply([exec(cmd, 'c', { max_output_tokens: 1_000_000 })]), text('Long')];
    const scene = await startScene({ script, config: { top } });
    const thread = await startThread(await scene.connect());

    await thread.run('be loud');

    const output = outputsOf(await scene.openai.waitForRequest(2)).c ?? '';
    expect(output).toContain(`…${15_000 - tokens} tokens truncated…`);
    expect(output.match(/a{9,}/g)?.map((half) => half.length)).toEqual([2 * tokens, 2 * tokens]);
  });

  test('a command outlives its yield time, is typed into, and its item ends later', async () => {
    const sessionId = (output: string | undefined) => Number(/session ID (\d+)/.exec(output ?? '')?.[1]);
    const scene = await startScene({
      script: [
        reply([exec('read -r line; echo "got $line"', 'run', { tty: true, yield_time_ms: 250 })]),
        (request) =>
          reply([
            call(
              'write_stdin',
              { session_id: sessionId(outputsOf(request).run), chars: 'hello\n', yield_time_ms: 5000 },
              { callId: 'type' },
            ),
          ]),
        text('Typed'),
      ],
    });
    const thread = await startThread(await scene.connect());

    await thread.run('start it');

    expect(outputsOf(await scene.openai.waitForRequest(3)).type).toMatch(/Process exited with code 0[\s\S]*got hello/);
    expect(thread.itemsOf('commandExecution')).toMatchObject([{ id: 'run', status: 'completed', exitCode: 0 }]);
    expect(thread.outline()).toContain('item/commandExecution/terminalInteraction');
  });

  test('garbage between the events of a stream is passed over', async () => {
    const scene = await startScene({ script: [reply([garbage(), message('Still here')])] });
    const thread = await startThread(await scene.connect());

    expect(await thread.run('go')).toMatchObject({ status: 'completed', items: [{ text: 'Still here' }] });
  });
});

describe('what the model is sent', () => {
  test('context first, and later only what changed of it', async () => {
    const scene = await startScene({ script: [text('one'), text('two'), text('three')] });
    writeFileSync(join(scene.temp.workspace, 'AGENTS.md'), 'Always be brief.');
    const thread = await startThread(await scene.connect());

    await thread.run('first');
    await thread.run('second');
    await thread.run('third', { sandboxPolicy: { type: 'readOnly' } });

    const [first, second, third] = scene.openai.requests;
    if (!first || !second || !third) throw new Error('three requests were made');
    expect(userTexts(first)[0]).toBe(
      `# AGENTS.md instructions for ${scene.temp.workspace}\n\n<INSTRUCTIONS>\nAlways be brief.\n</INSTRUCTIONS>`,
    );
    expect(userTexts(first)[1]).toContain(`<cwd>${scene.temp.workspace}</cwd>`);
    expect(second.body.input.slice(0, first.body.input.length)).toEqual(first.body.input);
    const roles = (input: typeof first.body.input) => input.map((item) => item.role);
    expect(roles(second.body.input.slice(first.body.input.length))).toEqual(['assistant', 'user']);
    // The sandbox changed: the permissions and the environment are told anew, before the prompt.
    expect(roles(third.body.input.slice(second.body.input.length))).toEqual(['assistant', 'developer', 'user', 'user']);
    expect(userTexts(third).at(-1)).toBe('third');
  });

  test('usage is summed over the thread', async () => {
    const scene = await startScene({
      script: [text('one', { usage: usage(100, 10) }), text('two', { usage: usage(120, 5) })],
    });
    const thread = await startThread(await scene.connect());

    await thread.run('first');
    await thread.run('second');

    expect(thread.snapshot?.tokenUsage).toMatchObject({
      total: { inputTokens: 220, outputTokens: 15, totalTokens: 235 },
      last: { inputTokens: 120, outputTokens: 5, totalTokens: 125 },
      modelContextWindow: 258_400,
    });
  });
});

describe('the log', () => {
  test('holds every finished item before anybody is told of it', async () => {
    const scene = await startScene({ script: [reply([exec('echo hi', 'c1'), message('soon')]), text('done')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const missing: string[] = [];
    client.listeners.add((notification) => {
      if (notification.method !== 'item/completed') return;
      const { item } = notification.params as { item: { id: string } };
      const isLogged = logOf(scene.temp, thread.id).some(
        (line) => (line.payload.item as { id?: string } | undefined)?.id === item.id,
      );
      if (!isLogged) missing.push(item.id);
    });

    await thread.run('go');

    expect(missing).toEqual([]);
    expect(thread.items).toHaveLength(4);
  });

  test('takes a prompt with one id once, also while its turn runs and after it', async () => {
    const scene = await startScene({ script: [text('once', { gate: 'go' }), text('never')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const send = () =>
      client.request(turnStart, {
        threadId: thread.id,
        input: [{ type: 'text', text: 'hi' }],
        clientUserMessageId: 'mine-1',
      });

    const first = await send();
    await scene.openai.waitForRequest(1);
    const again = await send();
    scene.openai.gate('go').open();
    await thread.ended(first.turn.id);
    const late = await send();

    expect([again.turn.id, late.turn.id]).toEqual([first.turn.id, first.turn.id]);
    expect(scene.openai.requests).toHaveLength(1);
    expect(thread.itemsOf('userMessage')).toMatchObject([{ clientId: 'mine-1' }]);
    expect(existsSync(join(scene.temp.home, 'sessions'))).toBe(true);
  });
});
