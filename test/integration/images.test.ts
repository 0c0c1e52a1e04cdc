import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { turnStart, turnSteer } from '../../machines/protocol/methods/turn.ts';
import { startThread } from '../support/client-turns.ts';
import { call, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const url = `data:image/png;base64,${PIXEL}`;

const words = (said: string) => ({ type: 'input_text', text: said });
const image = (name: string, shown = url) => [
  words(`<image name=${name}>`),
  { type: 'input_image', image_url: shown, detail: 'high' },
  words('</image>'),
];

test('files and addresses of images are sent to the model before the words, also in later turns', async () => {
  const scene = await startScene({ script: [text('A pixel.'), text('Still one.')] });
  const path = join(scene.temp.workspace, 'pixel.png');
  writeFileSync(path, Buffer.from(PIXEL, 'base64'));
  const client = await scene.connect();
  const thread = await startThread(client);
  const input = [
    { type: 'localImage' as const, path },
    { type: 'image' as const, url: 'https://example.org/a.png' },
    { type: 'text' as const, text: 'what is it?' },
  ];

  const { turn } = await client.request(turnStart, { threadId: thread.id, input });
  await thread.ended(turn.id);

  const content = [
    ...image(`[Image #1] path="${path}"`),
    ...image('[Image #2]', 'https://example.org/a.png'),
    words('what is it?'),
  ];
  expect(scene.openai.requests[0]?.body.input.at(-1)).toMatchObject({ role: 'user', content });
  await thread.run('and now?');
  expect(scene.openai.requests[1]?.body.input).toContainEqual(expect.objectContaining({ role: 'user', content }));
});

test('a file that is no image is named to the model with the reason, and the turn goes on', async () => {
  const scene = await startScene({ script: [text('Sorry.')] });
  const path = join(scene.temp.workspace, 'notes.png');
  writeFileSync(path, 'only words');
  const missing = join(scene.temp.workspace, 'missing.png');
  const client = await scene.connect();
  const thread = await startThread(client);
  const input = [path, missing, scene.temp.workspace].map((each) => ({ type: 'localImage' as const, path: each }));

  const { turn } = await client.request(turnStart, { threadId: thread.id, input });

  expect(await thread.ended(turn.id)).toMatchObject({ status: 'completed' });
  expect(scene.openai.requests[0]?.body.input.at(-1)).toMatchObject({
    content: [
      words(`The image ${path} could not be attached: it is no PNG, JPEG, GIF or WebP file.`),
      { text: expect.stringContaining(`The image ${missing} could not be attached: ENOENT`) },
      words(`The image ${scene.temp.workspace} could not be attached: it is not a file.`),
    ],
  });
});

test('an image that steers a turn is in its next request', async () => {
  const exec = call('exec_command', { cmd: 'cat', tty: true, login: false, yield_time_ms: 1_000 });
  const scene = await startScene({ script: [reply([exec]), text('Seen.')] });
  const client = await scene.connect();
  const thread = await startThread(client);
  const turnId = await thread.prompt('wait');
  await thread.event('item/started', 2);

  const input = [{ type: 'image' as const, url }];
  await client.request(turnSteer, { threadId: thread.id, expectedTurnId: turnId, input });
  await thread.ended(turnId);

  expect(scene.openai.requests[1]?.body.input).toContainEqual(
    expect.objectContaining({ role: 'user', content: image('[Image #1]') }),
  );
});

test('the model looks at an image of the disk with view_image, and reads nothing else with it', async () => {
  const see = (path: string, callId: string) => call('view_image', { path }, { callId });
  const script = [
    reply([see('pixel.png', 'there'), see('none.png', 'gone'), see('notes.txt', 'text')]),
    text('I see.'),
  ];
  const scene = await startScene({ script });
  const { workspace } = scene.temp;
  writeFileSync(join(workspace, 'pixel.png'), Buffer.from(PIXEL, 'base64'));
  writeFileSync(join(workspace, 'notes.txt'), 'secret words');
  const thread = await startThread(await scene.connect());

  expect(await thread.run('look')).toMatchObject({ status: 'completed' });

  const [first, second] = scene.openai.requests;
  expect(first?.body.tools.map(({ name }) => name)).toContain('view_image');
  expect(second?.body.input.filter(({ type }) => type === 'function_call_output')).toEqual([
    { type: 'function_call_output', call_id: 'there', output: [{ type: 'input_image', image_url: url }] },
    {
      type: 'function_call_output',
      call_id: 'gone',
      output: expect.stringMatching(/^unable to locate image at `.*none.png`: ENOENT/),
    },
    {
      type: 'function_call_output',
      call_id: 'text',
      output: `unable to locate image at \`${join(workspace, 'notes.txt')}\`: it is no PNG, JPEG, GIF or WebP file`,
    },
  ]);
});
