import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { actorsTable } from '../../../client/cli/actors-table.ts';
import type { CliContext } from '../../../client/cli/context.ts';
import { bannerText, plainText, usageText } from '../../../client/cli/exec-plain.ts';
import { choosePaint } from '../../../client/cli/paint.ts';
import { readPrompt, withInput } from '../../../client/cli/prompt.ts';
import { durationText, statusText } from '../../../client/cli/status-text.ts';
import { ageOf, hereFirst, threadState, threadsTable } from '../../../client/cli/threads-table.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import {
  commandItem,
  itemCompleted,
  itemStarted,
  makeThread,
  THREAD_ID,
  TURN_ID,
} from '../../support/client-thread.ts';
import { mcpCall } from '../../support/thread-fixtures.ts';

const plain = choosePaint('never', {}, {});
const ofTurn = { threadId: THREAD_ID, turnId: TURN_ID };

describe('the plain course of a run', () => {
  test('names the calls of MCP tools, and what they answered', () => {
    const running = mcpCall({ status: 'inProgress', result: null });
    const failed = mcpCall({ status: 'failed', error: { message: 'no such tool' }, durationMs: null });
    const texts = [itemStarted(running), itemCompleted(mcpCall()), itemCompleted(failed)].map((event) =>
      plainText(event, plain),
    );
    expect(texts).toEqual([
      'mcp files.find {"name":"words.txt"}\n',
      'files.find succeeded in 40ms:\n[{"type":"text","text":"src/words.txt\\ntest/words.txt"}]\n',
      'files.find failed in 0ms:\nno such tool\n',
    ]);
  });

  test('begins with a banner and the prompt', () => {
    const sandbox = {
      type: 'workspaceWrite' as const,
      writableRoots: ['/more'],
      networkAccess: false,
      excludeTmpdirEnvVar: false,
      excludeSlashTmp: false,
    };
    const facts = {
      product: 'codex v0.1.0 (daemon pid 42)',
      cwd: '/repo',
      model: 'gpt-5.5',
      provider: 'fake',
      approval: 'never',
      sandbox,
      effort: null,
      threadId: THREAD_ID,
    };

    expect(bannerText(facts, 'do it', plain)).toBe(
      [
        'codex v0.1.0 (daemon pid 42)',
        '--------',
        'workdir: /repo',
        'model: gpt-5.5',
        'provider: fake',
        'approval: never',
        'sandbox: workspace-write [workdir, /tmp, $TMPDIR, /more]',
        'reasoning effort: none',
        `session id: ${THREAD_ID}`,
        '--------',
        'user',
        'do it',
        '',
      ].join('\n'),
    );
  });

  test.each<{ name: string; events: ThreadNotification[]; text: string }>([
    {
      name: 'a command and its output',
      events: [
        itemStarted(commandItem()),
        itemCompleted(commandItem({ status: 'completed', exitCode: 0, durationMs: 0, aggregatedOutput: 'hi\n' })),
      ],
      text: "exec\n/bin/bash -lc 'echo hi' in /repo\n succeeded in 0ms:\nhi\n\n",
    },
    {
      name: 'a command that failed',
      events: [itemCompleted(commandItem({ status: 'failed', exitCode: 3, durationMs: 12 }))],
      text: ' exited 3 in 12ms:\n\n',
    },
    {
      name: 'a command that was declined',
      events: [itemCompleted(commandItem({ status: 'declined' }))],
      text: ' declined\n\n',
    },
    {
      name: 'a message',
      events: [itemCompleted({ type: 'agentMessage', id: 'm', text: 'Done.' })],
      text: 'codex\nDone.\n',
    },
    {
      name: 'changed files',
      events: [
        itemCompleted({
          type: 'fileChange',
          id: 'f',
          status: 'completed',
          changes: [
            { path: '/repo/a', kind: { type: 'update', move_path: '/repo/b' }, diff: '@@ -1 +1 @@\n-x\n+y\n' },
            { path: '/repo/c', kind: { type: 'add' }, diff: 'one\ntwo\n' },
          ],
        }),
      ],
      text: 'file change completed\nM /repo/a -> /repo/b\n@@ -1 +1 @@\n-x\n+y\nA /repo/c\n+one\n+two\n',
    },
    {
      name: 'a plan',
      events: [
        {
          method: 'turn/plan/updated',
          params: {
            ...ofTurn,
            plan: [
              { step: 'a', status: 'completed' },
              { step: 'b', status: 'inProgress' },
              { step: 'c', status: 'pending' },
            ],
          },
        },
      ],
      text: 'plan\n[x] a\n[>] b\n[ ] c\n',
    },
    {
      name: 'errors and warnings',
      events: [
        { method: 'error', params: { ...ofTurn, error: { message: 'Reconnecting... 1/5' }, willRetry: true } },
        { method: 'error', params: { ...ofTurn, error: { message: 'no' }, willRetry: false } },
        { method: 'warning', params: { message: 'careful' } },
      ],
      text: 'Reconnecting... 1/5\nERROR: no\nwarning: careful\n',
    },
  ])('shows $name', ({ events, text }) => {
    expect(events.map((event) => plainText(event, plain)).join('')).toBe(text);
  });

  test('ends with the tokens that were paid for', () => {
    const tokens = {
      totalTokens: 0,
      inputTokens: 12_000,
      cachedInputTokens: 2_000,
      outputTokens: 500,
      reasoningOutputTokens: 9,
    };

    expect(usageText(tokens)).toBe('tokens used\n10,500\n');
  });
});

test.each([
  ['auto', true, {}, true],
  ['auto', true, { NO_COLOR: '1' }, false],
  ['auto', true, { TERM: 'dumb' }, false],
  ['auto', false, {}, false],
  ['always', false, { NO_COLOR: '1' }, true],
  ['never', true, {}, false],
] as const)('colours: %s on a terminal %s with %j', (choice, isTTY, env, isColored) => {
  expect(choosePaint(choice, { isTTY }, env).red('x') !== 'x').toBe(isColored);
});

describe('the prompt', () => {
  const contextWith = (stdin: readonly (string | Buffer)[], isTTY: boolean) => {
    const said: string[] = [];
    const context = {
      stdin: Object.assign(Readable.from(stdin), { isTTY }),
      stderr: { write: (text: string) => said.push(text) },
    } as unknown as CliContext;
    return { context, said };
  };

  test.each([
    { name: 'an argument alone on a terminal', argument: 'do it', stdin: [], isTTY: true, prompt: 'do it' },
    { name: 'stdin alone', argument: undefined, stdin: ['from ', 'stdin\n'], isTTY: false, prompt: 'from stdin\n' },
    { name: 'stdin for a dash', argument: '-', stdin: ['text'], isTTY: false, prompt: 'text' },
    { name: 'both', argument: 'do it', stdin: ['more'], isTTY: false, prompt: 'do it\n\n<stdin>\nmore\n</stdin>' },
    { name: 'an argument with an empty pipe', argument: 'do it', stdin: [], isTTY: false, prompt: 'do it' },
    {
      name: 'UTF-8 without its mark',
      argument: '-',
      stdin: [Buffer.from('\ufeffhé')],
      isTTY: false,
      prompt: 'hé',
    },
    {
      name: 'UTF-16 that says so',
      argument: '-',
      stdin: [Buffer.from('\ufeffhé😀', 'utf16le')],
      isTTY: false,
      prompt: 'hé😀',
    },
    {
      name: 'UTF-16 the other way round',
      argument: '-',
      stdin: [Buffer.from('\ufeffhé', 'utf16le').swap16()],
      isTTY: false,
      prompt: 'hé',
    },
  ])('is $name', async ({ argument, stdin, isTTY, prompt }) => {
    expect(await readPrompt(contextWith(stdin, isTTY).context, argument)).toBe(prompt);
  });

  test.each([
    { argument: undefined, stdin: [' \n'], isTTY: false, says: 'No prompt provided via stdin.' },
    { argument: undefined, stdin: [Buffer.of(97, 255)], isTTY: false, says: 'stdin is not text in UTF-8' },
    { argument: undefined, stdin: [Buffer.of(255, 254, 97)], isTTY: false, says: 'stdin is not text in UTF-8' },
    { argument: 'look', stdin: [Buffer.of(97, 255)], isTTY: false, says: 'stdin is not text in UTF-8' },
    { argument: undefined, stdin: [], isTTY: true, says: 'no prompt: give one as an argument, or pipe it into stdin' },
  ])('is missing: $says', async ({ argument, stdin, isTTY, says }) => {
    await expect(readPrompt(contextWith(stdin, isTTY).context, argument)).rejects.toThrow(says);
  });

  test('keeps the line break that piped text ends with', () => {
    expect(withInput('a', 'b\n')).toBe('a\n\n<stdin>\nb\n</stdin>');
  });
});

describe('the list of actors', () => {
  const actor = { parentId: 'daemon', sinceMs: 0, about: null };
  const actors = [
    { ...actor, kind: 'daemon', id: 'daemon', parentId: null, state: 'listening.busy' },
    { ...actor, kind: 'connection', id: 'client-1', state: 'initialized', about: 'codex-tui on /dev/pts/3' },
    { ...actor, kind: 'thread', id: THREAD_ID, state: 'running', about: '日本語の\u001b[31m題' },
    { ...actor, kind: 'turn', id: TURN_ID, parentId: THREAD_ID, state: 'runningTools', sinceMs: 59_000 },
    { ...actor, kind: 'toolCall', id: 'call_1', parentId: TURN_ID, state: 'running.working', about: 'exec_command' },
  ];

  test('shows who belongs to whom, and cuts what does not fit', () => {
    expect(actorsTable(actors, 61_000, 72).split('\n')).toEqual([
      'ACTOR                   STATE             FOR    WHAT',
      'daemon                  listening, busy   1m 1s',
      '  connection client-1   initialized       1m 1s  codex-tui on /dev/pts/3',
      '  thread 01a2037f-348c  running           1m 1s  日本語の題',
      '    turn 01a2037f-348c  runningTools      2s',
      '      tool call call_1  running, working  1m 1s  exec_command',
    ]);
    expect(actorsTable(actors, 61_000, 54).split('\n')[3]).toBe(
      '  thread 01a2037f-348c  running           1m 1s  日本…',
    );
  });
});

describe('the list of threads', () => {
  test('has one line for each, fits the width, and shows no control characters', () => {
    const presence = { clientId: 'c', name: 'codex-tui', pid: 1, terminal: '/dev/pts/3' };
    const attached = { ...presence, role: 'operator' as const, attachedAtMs: 0, lastActiveAtMs: 0 };
    const page = {
      data: [
        makeThread({ status: { type: 'active', activeFlags: [] }, updatedAt: 1_700_000_040 }),
        makeThread({ id: '01b2037f-0000-7000-8000-000000000000', name: 'a \u001b[31mlong\nname', cwd: '/x' }),
      ],
      presence: { [THREAD_ID]: [attached] },
    };

    const table = threadsTable(page, { nowMs: 1_700_000_100_000, cwd: '/repo', columns: 70 });

    expect(table.split('\n')).toEqual([
      'ID             STATE  AGE  TERMINALS  FOLDER  TITLE',
      '01a2037f-348c  works  1m   pts/3      /repo   fix the bug',
      '01b2037f-0000  idle   1m   -          /x      a long name',
    ]);
  });

  test.each([
    [{ type: 'active', activeFlags: ['waitingOnApproval'] }, 'waits'],
    [{ type: 'systemError' }, 'failed'],
    [{ type: 'notLoaded' }, 'stored'],
  ] as const)('calls %j %s', (status, state) => {
    expect(threadState(makeThread({ status: status as never }))).toBe(state);
  });

  test('puts this folder first', () => {
    const threads = ['/a', '/b', '/a', '/c'].map((cwd, index) => makeThread({ cwd, id: `${index}` }));

    expect(hereFirst(threads, '/a').map(({ id }) => id)).toEqual(['0', '2', '1', '3']);
  });

  test.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m'],
    [3_600, '1h'],
    [200_000, '2d'],
    [-5, '0s'],
  ])('says of %i seconds %s', (seconds, text) => {
    expect(ageOf(1_000_000 - seconds, 1_000_000_000)).toBe(text);
  });
});

test.each([
  [900, '0s'],
  [61_000, '1m 1s'],
  [3_720_000, '1h 2m'],
  [90_000_000, '1d 1h'],
])('%i ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('the status names every client but the command that asks for it', () => {
  const client = { version: '0.1.0', encoding: 'msgpack', waitingBytes: 0 };
  const text = statusText({
    pid: 7,
    instanceId: 'i',
    build: '0.1.0',
    protocol: { min: 1, max: 1 },
    state: 'listening.busy',
    startedAtMs: 0,
    uptimeMs: 61_000,
    memoryBytes: 80 * 1024 * 1024,
    home: '/h',
    socketPath: '/h/s',
    logPath: '/h/l',
    threads: { loaded: 1, running: 0, waiting: 0 },
    clients: [
      { ...client, clientId: 'client-1', name: 'codex-tui', pid: 8, terminal: '/dev/pts/1', threads: ['t-1'] },
      { ...client, clientId: 'client-2', name: 'codex-daemon-control', pid: 9, terminal: null, threads: [] },
    ],
    sandbox: { available: false, kind: null, reason: 'no bwrap', mend: 'install it' },
    keyring: { available: true, reason: null },
    listeners: [],
    startedBy: 'client',
    idleExitMinutes: 60,
  });
  expect(text).toBe(`daemon      listening, busy, pid 7, build 0.1.0, up 1m 1s
started by  a client; it goes after 60 min without use
memory      80 MB
home        /h
socket      /h/s
log         /h/l
threads     1 loaded, 0 running, 0 waiting
sandbox     not available: no bwrap; install it
keyring     available
clients     1
            codex-tui 0.1.0 (/dev/pts/1, pid 8, msgpack) on t-1`);
});
