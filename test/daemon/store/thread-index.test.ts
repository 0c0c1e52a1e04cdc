import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rolloutPath } from '../../../daemon/store/paths.ts';
import { ThreadIndex, type ThreadSummary } from '../../../daemon/store/thread-index.ts';
import { createUuidV7 } from '../../../machines/core/ids.ts';
import { previewOf } from '../../../machines/protocol/prompt-text.ts';

let home = '';
let index: ThreadIndex;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'thread-index-'));
  index = openIndex();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const sessions = () => join(home, 'sessions');
const openIndex = () => new ThreadIndex(sessions(), join(home, 'session_index.jsonl'), join(home, 'archived_sessions'));
const FIRST = Date.UTC(2026, 0, 1, 12);
const MINUTE_MS = 60_000;

/** Id of the thread that was started so many minutes after the first. */
const idOf = (minute: number) =>
  createUuidV7({
    now: () => FIRST + minute * MINUTE_MS,
    randomBytes: (count) => new Uint8Array(count).fill(minute % 256),
  });

function headOf(threadId: string, prompt: string | null): string {
  const timestamp = new Date(FIRST).toISOString();
  const meta = {
    id: threadId,
    timestamp,
    cwd: '/repo',
    originator: 'x',
    cli_version: '0',
    source: 'cli',
    model_provider: 'p',
  };
  const item = { type: 'UserMessage', id: 'u', content: [{ type: 'text', text: prompt }] };
  const lines = [
    { timestamp, type: 'session_meta', payload: { ...meta, base_instructions: { text: 'i'.repeat(20_000) } } },
    ...(prompt === null
      ? []
      : [
          { timestamp, type: 'event_msg', payload: { type: 'task_started', turn_id: 't' } },
          { timestamp, type: 'event_msg', payload: { type: 'item_completed', turn_id: 't', item } },
        ]),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Stores a thread; `tailBytes` of it lie behind the first prompt, in a hole that costs no disk. */
function store(minute: number, { prompt = `prompt ${minute}` as string | null, tailBytes = 0 } = {}): string {
  const threadId = idOf(minute);
  const path = rolloutPath(sessions(), threadId, new Date(FIRST + minute * MINUTE_MS));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, headOf(threadId, prompt));
  if (tailBytes > 0) truncateSync(path, statSync(path).size + tailBytes);
  return path;
}

async function summarizeAll(): Promise<(ThreadSummary | null)[]> {
  const summaries: (ThreadSummary | null)[] = [];
  for (const stored of await index.list()) summaries.push(await index.summarize(stored));
  return summaries;
}

/** Bytes that this process asked the kernel for so far, cached or not; 0 where the kernel does not say. */
const bytesRead = () =>
  !existsSync('/proc/self/io') ? 0 : Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

describe('listing', () => {
  test('is newest first, over days and years', async () => {
    const minutes = [0, 3, 60 * 24, 60 * 24 * 40, 60 * 24 * 400];
    for (const minute of [3, 0, 4, 1, 2].map((at) => minutes[at] ?? 0)) store(minute);
    expect((await index.list()).map(({ threadId }) => threadId)).toEqual([...minutes].reverse().map(idOf));
  });

  test('of a home without threads is empty', async () => {
    expect([await index.list(), await index.find(idOf(0)), (await index.names()).size]).toEqual([[], null, 0]);
  });

  test('passes over files and folders that are no logs', async () => {
    const path = store(0);
    for (const name of ['notes.txt', 'rollout-x.jsonl', `${idOf(1)}.jsonl`])
      writeFileSync(join(dirname(path), name), '{}');
    mkdirSync(join(dirname(path), `rollout-2026-01-01T12-00-00-${idOf(2)}.jsonl`));
    writeFileSync(join(sessions(), 'stray.jsonl'), '');
    expect((await index.list()).map((stored) => stored.path)).toEqual([path]);
  });

  test.each([
    { name: 'an id finds its log', id: idOf(1), isFound: true },
    { name: 'an unknown id finds nothing', id: idOf(9), isFound: false },
    { name: 'what is no id is not even looked for', id: '../../etc/passwd', isFound: false },
  ])('$name', async ({ id, isFound }) => {
    const path = store(1);
    expect(await index.find(id)).toEqual(isFound ? { threadId: id, path } : null);
  });

  test('2,000 threads of 100 MB each are listed by their heads alone', async () => {
    const threads = 2_000;
    for (let minute = 0; minute < threads; minute += 1) store(minute, { tailBytes: 100 * 1024 * 1024 });
    const before = bytesRead();
    const summaries = await summarizeAll();
    const first = bytesRead() - before;
    expect(summaries.map((summary) => summary?.head.preview)).toEqual(
      Array.from({ length: threads }, (_, minute) => `prompt ${threads - 1 - minute}`),
    );
    expect(first).toBeLessThan(threads * 128 * 1024);
    // A second listing reads no log again.
    expect(await summarizeAll()).toEqual(summaries);
    expect(bytesRead() - before - first).toBeLessThan(first / 50);
  });
});

describe('a summary', () => {
  test('tells what a listing shows', async () => {
    const path = store(0);
    expect(await summarizeAll()).toMatchObject([
      {
        threadId: idOf(0),
        path,
        updatedAt: Math.floor(statSync(path).mtimeMs / 1000),
        head: { preview: 'prompt 0', hasPrompt: true, meta: { cwd: '/repo', model_provider: 'p' } },
      },
    ]);
  });

  test('is read anew when the log grew', async () => {
    const path = store(0, { prompt: null });
    const [before] = await summarizeAll();
    appendFileSync(path, headOf(idOf(0), 'late'));
    const [after] = await summarizeAll();
    expect([before?.head.hasPrompt, after?.head.hasPrompt, after?.head.preview]).toEqual([false, true, 'late']);
  });

  test.each([
    { name: 'is gone', text: null },
    { name: 'is empty', text: '' },
    { name: 'has no first line', text: '{"type":"event_msg","timestamp":"x","payload":{"type":"task_started"}}\n' },
    { name: 'is noise', text: '\u0000\u0001' },
  ])('of a log that $name is null', async ({ text }) => {
    const path = store(0);
    const [stored] = await index.list();
    if (text === null) rmSync(path);
    else writeFileSync(path, text);
    expect(stored && (await index.summarize(stored))).toBeNull();
  });

  // A socket can be looked at and not opened, also by root: like a log that is deleted in between.
  test('of a log that cannot be opened is null', async () => {
    const path = join(home, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await index.summarize({ threadId: idOf(0), path })).toBeNull();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  test.each(['"', '\\', '\u0000', '\ud800', 'x\u0000'])(
    'of a prompt of megabytes of %j shows its first words',
    async (piece) => {
      const path = store(0, { prompt: null });
      const prompt = {
        promptId: 'p',
        input: [{ type: 'text', text: piece.repeat(500_000) }],
        sentBy: null,
        queuedAtMs: 0,
      };
      const line = { timestamp: 'x', type: 'codex_daemon', payload: { kind: 'prompt', turnId: 't', prompt } };
      appendFileSync(path, `${JSON.stringify(line)}\n`);
      const [summary] = await summarizeAll();
      expect(summary?.head.hasPrompt).toBe(true);
      expect(summary?.head.preview).toBe(previewOf(prompt.input as never));
    },
  );
});

describe('names that people gave', () => {
  test('the newest line of a thread wins, over restarts', async () => {
    index.setName('a', 'first', new Date(FIRST));
    index.setName('b', 'other', new Date(FIRST));
    index.setName('a', 'second "quoted"\nline', new Date(FIRST + 1));
    expect(Object.fromEntries(await openIndex().names())).toEqual({ a: 'second "quoted"\nline', b: 'other' });
  });

  test('lines are the reference’s, and those that cannot be read are passed over', async () => {
    const file = join(home, 'session_index.jsonl');
    writeFileSync(file, '\nnull\n{"id":1,"thread_name":"x"}\n{"id":"a"}\n{"cut\n{"id":"a","thread_name":"kept"}\n');
    index.setName('b', 'new', new Date(FIRST));
    expect(Object.fromEntries(await index.names())).toEqual({ a: 'kept', b: 'new' });
    expect(JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '')).toEqual({
      id: 'b',
      thread_name: 'new',
      updated_at: new Date(FIRST).toISOString(),
    });
  });

  test('a name given after a line that a crash cut short is not lost', async () => {
    writeFileSync(join(home, 'session_index.jsonl'), '{"id":"a","thread_na');
    index.setName('b', 'new', new Date(FIRST));
    expect(Object.fromEntries(await index.names())).toEqual({ b: 'new' });
  });
});
