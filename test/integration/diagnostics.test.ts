import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { feedbackSave, serverDiagnostics } from '../../machines/protocol/methods/diagnostics.ts';
import { startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

test('server/diagnostics counts what the daemon holds', async () => {
  const scene = await startScene();
  const client = await scene.connect({ isOurs: false, encoding: 'json' });
  await startThread(await scene.connect());

  const { process, gauges } = await client.request(serverDiagnostics, {});

  expect(process).toEqual({
    id: scene.daemon.pid,
    residentMemoryBytes: expect.any(Number),
    physicalFootprintBytes: null,
  });
  expect(gauges).toEqual([
    { name: 'app.requests.in_flight', value: 1 },
    { name: 'app.requests.queued', value: 0 },
    { name: 'daemon.connections', value: 2 },
    { name: 'daemon.threads.loaded', value: 1 },
    { name: 'daemon.threads.running', value: 0 },
  ]);
});

test('feedback/save writes a report that only its owner can read, without secrets and without words of a thread', async () => {
  const scene = await startScene({ script: [text('the answer of the model')] });
  const client = await scene.connect();
  const thread = await startThread(client);
  await thread.run('what a person wrote');
  const { workspace, home } = scene.temp;
  const savePath = join(workspace, 'report.json');
  const extra = join(workspace, 'extra.log');
  writeFileSync(extra, 'Authorization: Bearer abcdefghijklmnop\nfine\n');
  const params = { classification: 'bug', savePath, reason: 'key sk-proj-0123456789abcdef', threadId: thread.id };

  const saved = await client.request(feedbackSave, {
    ...params,
    includeLogs: true,
    tags: { from: 'test' },
    extraLogFiles: [extra],
  });

  expect(saved).toEqual({ savedPath: savePath, threadId: thread.id, promptHash: null });
  const report = readFileSync(savePath, 'utf8');
  expect(JSON.parse(report)).toMatchObject({
    classification: 'bug',
    reason: 'key [redacted]',
    threadId: thread.id,
    tags: { from: 'test' },
    daemon: { pid: scene.daemon.pid, clients: 1 },
    log: expect.stringContaining('listening'),
    extraLogFiles: [{ path: extra, text: 'Authorization: Bearer [redacted]\nfine\n' }],
  });
  expect(report).not.toMatch(/what a person wrote|the answer of the model|sk-proj|abcdefghijklmnop/);
  expect(statSync(savePath).mode & 0o777).toBe(0o600);

  const refused = async (change: object) =>
    client.request(feedbackSave, { ...params, ...change }).catch((error: Error) => error.message);
  expect(await refused({})).toBe('File exists (os error 17)');
  expect(await refused({ savePath: 'here' })).toBe('feedback savePath must be an absolute host path');
  expect(await refused({ savePath: join(home, 'auth.json') })).toContain('belongs to the daemon');
  expect(await refused({ savePath: join(workspace, 'b'), extraLogFiles: [join(home, 'auth.json')] })).toContain(
    'belongs to the daemon',
  );
  const other = await client.request(feedbackSave, { classification: 'other', savePath: join(workspace, 'c') });
  expect(other.threadId).toMatch(/^no-active-thread-/);
});
