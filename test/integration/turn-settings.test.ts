import { describe, expect, test } from 'vitest';
import {
  experimentalFeatureEnablementSet,
  modelProviderCapabilitiesRead,
} from '../../machines/protocol/methods/catalog.ts';
import { threadBackgroundTerminalsList } from '../../machines/protocol/methods/thread-history.ts';
import {
  threadBackgroundTerminalsClean,
  threadBackgroundTerminalsTerminate,
} from '../../machines/protocol/methods/thread-work.ts';
import { turnSettingsUpdate } from '../../machines/protocol/methods/turn.ts';
import { startThread } from '../support/client-turns.ts';
import { call, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const exec = (cmd: string, callId: string) =>
  call('exec_command', { cmd, login: false, yield_time_ms: 250 }, { callId });

describe('the settings of a running turn', () => {
  test('hold from its next request on, and for this turn alone', async () => {
    const scene = await startScene({
      script: [text('Looking', { gate: 'slow' }), text('Done'), text('Again')],
    });
    const client = await scene.connect();
    const thread = await startThread(client, { model: 'gpt-5.5' });
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(1);
    const { status } = await client.request(turnSettingsUpdate, {
      threadId: thread.id,
      turnId,
      model: 'gpt-5.4',
      effort: 'high',
    });
    // Steering cuts the answer: the next request of the same turn asks the other model.
    await thread.prompt('and this', { whenBusy: 'steer' });
    expect([status, (await thread.ended(turnId)).status]).toEqual(['applied', 'completed']);
    await thread.run('again');

    const asked = scene.openai.requests.map(({ body }) => [body.model, (body.reasoning as { effort: string }).effort]);
    expect(asked).toEqual([
      ['gpt-5.5', 'medium'],
      ['gpt-5.4', 'high'],
      ['gpt-5.5', 'medium'],
    ]);
    expect(thread.snapshot?.settings).toMatchObject({ model: 'gpt-5.5', effort: null });
    const late = client.request(turnSettingsUpdate, { threadId: thread.id, turnId, effort: 'low' });
    expect(await late).toEqual({ status: 'targetUnavailable' });
  });
});

test('a schema for the answer goes with the requests of its turn alone', async () => {
  const scene = await startScene({ script: () => text('{"title":"x"}') });
  const thread = await startThread(await scene.connect());
  const outputSchema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
  await thread.run('name it', { outputSchema });
  await thread.run('and now');

  const formats = scene.openai.requests.map(({ body }) => (body.text as { format?: unknown } | undefined)?.format);
  expect(formats).toEqual([
    { type: 'json_schema', strict: true, name: 'codex_output_schema', schema: outputSchema },
    undefined,
  ]);
});

describe('commands in the background', () => {
  test('are ended one by one, or all', async () => {
    const scene = await startScene({
      script: [reply([exec('sleep 301', 'c1'), exec('sleep 302', 'c2'), exec('sleep 303', 'c3')]), text('Done')],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('go');
    const of = { threadId: thread.id };
    const running = async () => (await client.request(threadBackgroundTerminalsList, of)).data;
    const ended = () => thread.itemsOf('commandExecution').filter(({ status }) => status === 'failed').length;
    const [first] = await running();

    const end = (processId: string) => client.request(threadBackgroundTerminalsTerminate, { ...of, processId });
    expect(await end(first?.processId ?? '')).toEqual({ terminated: true });
    await thread.waitFor('its end', () => ended() === 1);
    expect([await end(first?.processId ?? ''), await end('1')]).toEqual([{ terminated: false }, { terminated: false }]);
    expect(await running()).toHaveLength(2);

    expect(await client.request(threadBackgroundTerminalsClean, of)).toEqual({});
    await thread.waitFor('their ends', () => ended() === 3);
    expect(await running()).toEqual([]);
  });

  test('are named by numbers', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    await expect(
      client.request(threadBackgroundTerminalsTerminate, { threadId: thread.id, processId: 'abc' }),
    ).rejects.toMatchObject({ code: -32600, message: expect.stringContaining('no number of a background terminal') });
  });
});

test('no feature is switched, and no provider does more than answer', async () => {
  const scene = await startScene();
  const client = await scene.connect({ isOurs: false, encoding: 'json' });
  expect(await client.request(experimentalFeatureEnablementSet, { enablement: { goals: true } })).toEqual({
    enablement: {},
  });
  expect(await client.request(modelProviderCapabilitiesRead, {})).toEqual({ imageGeneration: false, webSearch: false });
});
