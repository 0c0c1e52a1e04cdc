import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { approvalList, approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { mcpServerElicitationRequest } from '../../machines/protocol/methods/mcp-server.ts';
import { threadResume } from '../../machines/protocol/methods/thread.ts';
import { threadWhy } from '../../machines/protocol/methods/thread-why.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import type { QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { addMcpServer, type McpJournal } from '../support/fake-mcp.ts';
import { call, outputsOf, reply, type Step, text } from '../support/fake-openai.ts';
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts';
import { startStreamingMcp } from '../support/streaming-mcp.ts';

const boxCall = (name: string, args: unknown, callId: string) => call(name, args, { callId, namespace: 'mcp__box' });
const schema = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 2 }, color: { type: 'string', enum: ['red', 'blue'] } },
  required: ['name'],
};
const form = { message: 'Who are you?', requestedSchema: schema };
const address = { mode: 'url', message: 'Sign in there', url: 'https://example.test/in', elicitationId: 'e1' };
const bare = { message: 'Really?', requestedSchema: { type: 'object', properties: {} } };
const ask = (request: unknown = form, callId = 'c1', more: object = {}) => boxCall('ask', { request, ...more }, callId);
const onRequest = { approvalPolicy: 'on-request', sandbox: 'read-only' } as const;
const asked = (params: unknown): readonly Step[] => [reply([ask(params)]), text('Done')];
const al: QuestionAnswer = { decision: 'accept', content: { name: 'Al', color: 'blue' } };

interface BoxScene {
  readonly scene: Scene;
  readonly journal: McpJournal;
}

/** A scene with one MCP server called `box`. */
async function boxScene(script: SceneOptions['script'], options: SceneOptions = {}): Promise<BoxScene> {
  const journals: McpJournal[] = [];
  const prepare: SceneOptions['prepare'] = (temp) => void journals.push(addMcpServer(temp, 'box'));
  const scene = await startScene({ ...options, script: script ?? [], prepare });
  const [journal] = journals;
  if (!journal) throw new Error('the scene was not prepared');
  return { scene, journal };
}

interface Waiting extends BoxScene {
  readonly thread: ClientThread;
  readonly turnId: string;
  readonly approvalId: string;
}

/** A thread in which a server asks in the middle of a call. */
async function waiting(request: unknown = form, options: SceneOptions = {}): Promise<Waiting> {
  const set = await boxScene(asked(request), options);
  const thread = await startThread(await set.scene.connect({ name: 'asker' }), onRequest);
  const turnId = await thread.prompt('go');
  const { params } = await thread.event('approval/requested');
  return { ...set, thread, turnId, approvalId: params.approvalId };
}

const respond = (thread: ClientThread, approvalId: string, answer: QuestionAnswer = al) =>
  thread.client.request(approvalRespond, { threadId: thread.id, approvalId, ...answer });

/** What the server was answered, oldest first. */
const answersIn = (journal: McpJournal): unknown[] =>
  journal.lines().flatMap((line) => (line.startsWith('answered ') ? [JSON.parse(line.slice(9))] : []));
const readByModel = async (scene: Scene, callId = 'c1') =>
  String(outputsOf(await scene.openai.waitForRequest(2))[callId]).replace(/^.*\nOutput:\n/s, '');
const auditOf = ({ temp }: Scene): Record<string, unknown>[] =>
  readFileSync(join(temp.home, 'daemon', 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const marks = ({ temp }: Scene): string[] => {
  const folder = join(temp.home, 'daemon', 'questions');
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe('what an MCP server asks in the middle of a call', () => {
  test('is told to everybody, the first answer wins, and goes to the server', async () => {
    const { scene, journal, thread, turnId, approvalId } = await waiting();
    const other = await attachThread(await scene.connect({ name: 'other' }), thread.id);

    expect(journal.lines()).toContain('may ask {"form":{},"url":{}}');
    expect(other.snapshot?.approvals).toMatchObject([
      {
        approvalId,
        kind: 'mcpElicitation',
        turnId,
        itemId: 'c1',
        command: null,
        reason: 'the MCP server box asks: Who are you?',
        form: { type: 'mcpForm', server: 'box', message: 'Who are you?', schema },
        availableDecisions: ['accept', 'decline', 'cancel'],
      },
    ]);
    expect((await other.client.request(threadWhy, { threadId: thread.id })).chain).toContainEqual({
      kind: 'approval',
      id: approvalId,
      state: 'open',
      waitsFor: 'a person: `codex approvals` lists the question',
    });
    await respond(other, approvalId);
    await expect(respond(thread, approvalId)).rejects.toMatchObject({ errorName: 'approvalResolved' });

    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(answersIn(journal)).toEqual([{ action: 'accept', content: { name: 'Al', color: 'blue' } }]);
    expect(await readByModel(scene)).toBe('{"action":"accept","content":{"name":"Al","color":"blue"}}');
    expect(thread.snapshot?.decisions).toMatchObject([{ approvalId, ...al, by: { name: 'other' } }]);
    const outline = thread.outline().filter((line) => line !== 'thread/tokenUsage/updated');
    const from = outline.indexOf('item/started mcpToolCall');
    expect(outline.slice(from, from + 7)).toEqual([
      'item/started mcpToolCall',
      'thread/status/changed active waitingOnApproval',
      'approval/requested',
      'serverRequest/resolved',
      'approval/resolved',
      'thread/status/changed active',
      'item/completed mcpToolCall completed',
    ]);
    expect(auditOf(scene)).toMatchObject([
      {
        kind: 'question',
        approvalId,
        subject: { kind: 'mcpElicitation', reason: 'the MCP server box asks: Who are you?' },
      },
      { kind: 'decision', approvalId, decision: 'accept', by: { name: 'other' } },
    ]);
    expect(JSON.stringify(auditOf(scene))).not.toContain('Al');
    expect(marks(scene)).toEqual([]);
  });

  test.each([
    { name: 'nothing filled in', answer: { decision: 'accept', content: null }, says: 'content: field `name`' },
    { name: 'too little', answer: { decision: 'accept', content: { name: 'A' } }, says: 'at least 2 characters' },
    { name: 'a field too many', answer: { decision: 'accept', content: { name: 'Al', x: 1 } }, says: 'field `x`' },
    { name: 'a yes for the thread', answer: { decision: 'acceptForSession', content: null }, says: 'is not offered' },
  ] as const)('stays open after $name', async ({ answer, says }) => {
    const { journal, thread, turnId, approvalId } = await waiting();

    await expect(respond(thread, approvalId, answer)).rejects.toMatchObject({
      errorName: 'invalidParams',
      message: expect.stringContaining(says),
    });
    expect(thread.snapshot?.approvals).toHaveLength(1);
    expect(answersIn(journal)).toEqual([]);
    await respond(thread, approvalId);
    await thread.ended(turnId);
  });

  test.each(['decline', 'cancel'] as const)('%s is told to the server, and the turn goes on', async (decision) => {
    const { scene, journal, thread, turnId, approvalId } = await waiting();

    await respond(thread, approvalId, { decision, content: null });

    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(answersIn(journal)).toEqual([{ action: decision }]);
    expect(await readByModel(scene)).toBe(`{"action":"${decision}"}`);
  });

  test('may be an address to go to', async () => {
    const { journal, thread, turnId, approvalId } = await waiting(address);
    expect(thread.snapshot?.approvals[0]?.form).toEqual({
      type: 'mcpUrl',
      server: 'box',
      message: 'Sign in there',
      url: 'https://example.test/in',
      elicitationId: 'e1',
    });

    await respond(thread, approvalId, { decision: 'accept', content: null });
    await thread.ended(turnId);
    expect(answersIn(journal)).toEqual([{ action: 'accept' }]);
  });

  test('may come over HTTP', async () => {
    const { url } = await startStreamingMcp();
    const prepare: SceneOptions['prepare'] = (temp) =>
      appendFileSync(join(temp.home, 'config.toml'), `[mcp_servers.box]\nurl = "${url}"\n`);
    const scene = await startScene({ script: asked(form), prepare });
    const thread = await startThread(await scene.connect(), onRequest);
    const turnId = await thread.prompt('go');

    await respond(thread, (await thread.event('approval/requested')).params.approvalId);
    await thread.ended(turnId);
    expect(await readByModel(scene)).toBe('{"action":"accept","content":{"name":"Al","color":"blue"}}');
  });

  test('that is not flat is refused without asking anybody', async () => {
    const { scene, journal } = await boxScene(asked({ ...form, requestedSchema: { type: 'array' } }));
    const thread = await startThread(await scene.connect(), onRequest);
    await thread.run('go');
    expect(answersIn(journal)).toEqual([{ code: expect.any(Number), message: expect.any(String) }]);
    expect(thread.outline()).not.toContain('approval/requested');
  });

  test('that cannot be kept is asked nobody, and people are told', async () => {
    const { scene, journal } = await boxScene(asked(form));
    const thread = await startThread(await scene.connect(), onRequest);
    // Where its first line would be written stands a folder.
    mkdirSync(join(scene.temp.home, 'daemon', 'audit.jsonl'), { recursive: true });
    await thread.run('go');

    expect((await thread.event('warning')).params.message).toMatch(
      /^What the MCP server box asked could not be kept, so nobody was asked: /,
    );
    expect(answersIn(journal)).toEqual([{ action: 'cancel' }]);
    expect(thread.outline()).not.toContain('approval/requested');
    expect(marks(scene)).toEqual([]);
  });

  test('is taken back when the turn is interrupted', async () => {
    const { scene, journal, thread, turnId, approvalId } = await waiting();

    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect((await thread.ended(turnId)).status).toBe('interrupted');
    expect(thread.snapshot?.approvals).toEqual([]);
    expect(thread.snapshot?.decisions).toMatchObject([{ approvalId, decision: 'cancel', by: null }]);
    expect(thread.itemsOf('mcpToolCall')).toMatchObject([{ status: 'failed', error: { message: 'aborted by user' } }]);
    await journal.whenNoted(/^answered /);
    expect(answersIn(journal)).toEqual([{ action: 'cancel' }]);
    expect(auditOf(scene)).toMatchObject([{ kind: 'question' }, { kind: 'decision', decision: 'cancel', by: null }]);
    expect(marks(scene)).toEqual([]);
  });

  test.each([
    { name: 'the call answers without waiting', more: { impatient: true }, status: 'completed' },
    { name: 'the server takes it back', more: { withdraws: true }, status: 'completed' },
    { name: 'the server ends', more: { dies: true }, status: 'failed' },
  ])('closes when $name', async ({ more, status }) => {
    const { scene } = await boxScene([reply([ask(form, 'c1', more)]), text('Done')]);
    const thread = await startThread(await scene.connect(), onRequest);
    await thread.run('go');

    expect((await thread.event('approval/resolved')).params).toMatchObject({ decision: 'cancel', by: null });
    expect(thread.snapshot?.approvals).toEqual([]);
    expect(thread.itemsOf('mcpToolCall').map((item) => item.status)).toEqual([status]);
    expect(marks(scene)).toEqual([]);
  });

  test('is asked on the thread whose call began last; out of the blue it is asked nowhere', async () => {
    const { scene, journal } = await boxScene((request) => {
      if (request.index === 0) return reply([boxCall('hold', {}, 'held')]);
      return request.index === 1 ? reply([ask()]) : text('Done');
    });
    const client = await scene.connect();
    const first = await startThread(client, onRequest);
    const firstTurn = await first.prompt('go');
    await journal.whenNoted(/^holding$/);
    const second = await startThread(client, onRequest);
    const secondTurn = await second.prompt('go');

    const { params } = await second.event('approval/requested');
    await respond(second, params.approvalId);
    await second.ended(secondTurn);
    expect(first.outline()).not.toContain('approval/requested');
    await client.request(turnInterrupt, { threadId: first.id, turnId: firstTurn });
    await first.ended(firstTurn);

    // Nothing runs there now, and it asks once more.
    await journal.whenNoted(/^late /);
    expect(journal.lines().filter((line) => line.startsWith('late '))).toEqual(['late {"action":"cancel"}']);
  });
});

describe('where nobody may be asked', () => {
  test.each([
    { name: 'a form is declined', request: form, sandbox: 'danger-full-access', answer: { action: 'decline' } },
    { name: 'an address is declined', request: address, sandbox: 'danger-full-access', answer: { action: 'decline' } },
    { name: 'yes or no is declined', request: bare, sandbox: 'read-only', answer: { action: 'decline' } },
    {
      name: 'yes or no is a yes under full access',
      request: bare,
      sandbox: 'danger-full-access',
      answer: { action: 'accept', content: {} },
    },
  ] as const)('$name at once', async ({ request, sandbox, answer }) => {
    const { scene, journal } = await boxScene(asked(request));
    const thread = await startThread(await scene.connect(), { approvalPolicy: 'never', sandbox });
    expect((await thread.run('go')).status).toBe('completed');
    expect(answersIn(journal)).toEqual([answer]);
    expect(thread.outline()).not.toContain('approval/requested');
  });
});

describe.each(['kill9', 'stop'] as const)('a question of a call that runs when the daemon ends by %s', (how) => {
  test('ends with its call, and is not asked again', async () => {
    const { scene, thread, approvalId } = await waiting();
    await scene.daemon[how]();
    await scene.start();
    const client = await scene.connect({ name: 'later' });

    expect(await client.request(approvalList, {})).toEqual({ data: [] });
    const again = await attachThread(client, thread.id);
    expect(again.turns.map(({ status }) => status)).toEqual(['interrupted']);
    expect(again.snapshot?.approvals).toEqual([]);
    expect(again.snapshot?.decisions).toMatchObject([{ approvalId, decision: 'cancel', by: null }]);
    expect(again.itemsOf('mcpToolCall').map(({ status }) => status)).toEqual(['failed']);
    await expect(respond(again, approvalId)).rejects.toMatchObject({ errorName: 'approvalResolved' });
    expect(auditOf(scene)).toMatchObject([
      { kind: 'question', approvalId },
      { kind: 'decision', approvalId, decision: 'cancel', by: null },
    ]);
    expect(marks(scene)).toEqual([]);
  });
});

describe('a client of the reference', () => {
  const PLAIN = { encoding: 'json', isOurs: false, name: 'codex-tui' } as const;

  test.each([
    {
      name: 'a form',
      request: { ...form, _meta: { hint: 1, codex_approval_kind: 'mcp_tool_call' } },
      own: { mode: 'form', message: 'Who are you?', requestedSchema: schema, _meta: { hint: 1 } },
      answer: { action: 'accept', content: { name: 'Al' } },
      told: { action: 'accept', content: { name: 'Al' } },
    },
    {
      name: 'an address',
      request: address,
      own: { ...address, _meta: null },
      answer: { action: 'accept', content: null },
      told: { action: 'accept' },
    },
    {
      name: 'a form',
      request: form,
      own: { ...form, mode: 'form', _meta: null },
      answer: { action: 'decline' },
      told: { action: 'decline' },
    },
  ])('is asked by request for $name, and its answer $answer taken', async ({ request, own, answer, told }) => {
    const { scene, journal, thread, turnId, approvalId } = await waiting(request);
    const plain = await scene.connect({ ...PLAIN, onAsk: () => answer });
    await plain.request(threadResume, { threadId: thread.id });

    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(plain.asked).toEqual([
      {
        id: approvalId,
        method: mcpServerElicitationRequest.method,
        params: { threadId: thread.id, turnId, serverName: 'box', ...own },
      },
    ]);
    expect(answersIn(journal)).toEqual([told]);
    expect(thread.snapshot?.decisions).toMatchObject([{ decision: answer.action, by: { name: 'codex-tui' } }]);
  });

  test('whose answer does not fit leaves the question open, and everybody is told', async () => {
    const { scene, thread, turnId, approvalId } = await waiting();
    const plain = await scene.connect({ ...PLAIN, onAsk: () => ({ action: 'accept', content: { name: 'A' } }) });
    await plain.request(threadResume, { threadId: thread.id });

    expect((await thread.event('warning')).params.message).toBe(
      'The answer of codex-tui was not taken: Invalid request: content: field `name`: it needs at least 2 characters',
    );
    await thread.event('warning', 3);
    await respond(thread, approvalId);
    expect((await thread.ended(turnId)).status).toBe('completed');
    // Asked again, since its dialog is closed, and not for ever.
    expect(plain.asked.map(({ id }) => id)).toEqual([approvalId, approvalId, approvalId]);
  });

  test('may answer better when it is asked again', async () => {
    const { scene, journal, thread, turnId } = await waiting();
    // What the reference's interface sends where it has no fields to show.
    const answers = [
      { action: 'accept', content: null },
      { action: 'decline', content: null },
    ];
    const plain = await scene.connect({ ...PLAIN, onAsk: () => answers.shift() });
    await plain.request(threadResume, { threadId: thread.id });

    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(answersIn(journal)).toEqual([{ action: 'decline' }]);
    expect(plain.asked).toHaveLength(2);
  });
});
