import { afterEach, describe, expect, test } from 'vitest';
import type { UnthreadedNotification } from '../../../client/connection/link.ts';
import type { ThreadSnapshot } from '../../../machines/protocol/types/thread.ts';
import { ScriptedLink } from '../../support/scripted-link.ts';
import {
  agentMessage,
  approvalOf,
  command,
  elicitationOf,
  emptySnapshot,
  fileChange,
  otherClient,
  presenceOf,
  queuedPrompt,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  thisClient,
  turnOf,
  userInputOf,
  userMessage,
} from '../../support/thread-fixtures.ts';
import { openVirtualScreen, type VirtualScreen } from '../../support/virtual-screen.ts';

const open: VirtualScreen[] = [];
afterEach(async () => {
  for (const screen of open.splice(0)) await screen.close();
});

const answer = `## Done

The *words* are **German** now, see \`src/words.txt\`:

1. one becomes eins
2. two becomes zwei 👍🏽

\`\`\`ts
const words = ['eins', 'zwei'];
\`\`\`

| from | to |
|------|----|
| two  | 二 |`;

const settled = { threadId: THREAD_ID, turnId: TURN_ID, waitedMs: 2100 };
const everything: ThreadSnapshot = {
  ...snapshotWith([
    turnOf(
      [
        userMessage('Please translate the words\nand run the tests', { sentBy: thisClient }),
        { type: 'reasoning', id: 'r1', summary: ['**Looking around** first the tests'], content: [] },
        command(),
        fileChange(),
        command({
          id: 'command-2',
          command: 'make lint',
          status: 'failed',
          exitCode: 2,
          durationMs: 2500,
          aggregatedOutput: 'lint: 1 error',
        }),
        agentMessage(answer),
      ],
      { id: TURN_ID },
    ),
    turnOf([userMessage('now stop', { id: 'user-2', sentBy: otherClient })], { id: 'turn-2', status: 'interrupted' }),
  ]),
  decisions: [
    { ...settled, approvalId: 'a1', itemId: 'command-1', decision: 'acceptForSession', by: thisClient },
    { ...settled, approvalId: 'a2', itemId: 'change-1', decision: 'accept', by: otherClient },
  ],
  plan: {
    explanation: null,
    steps: [
      { step: 'read the tests', status: 'completed' },
      { step: 'translate', status: 'inProgress' },
      { step: 'run the tests', status: 'pending' },
    ],
  },
  presence: [presenceOf(thisClient), presenceOf(otherClient)],
  tokenUsage: {
    total: {
      totalTokens: 30_000,
      inputTokens: 28_000,
      cachedInputTokens: 9000,
      outputTokens: 2000,
      reasoningOutputTokens: 0,
    },
    last: {
      totalTokens: 20_000,
      inputTokens: 19_000,
      cachedInputTokens: 9000,
      outputTokens: 1000,
      reasoningOutputTokens: 0,
    },
    modelContextWindow: 200_000,
  },
};

const asking: ThreadSnapshot = {
  ...snapshotWith([turnOf([userMessage('change it'), fileChange({ status: 'inProgress' })], { status: 'inProgress' })]),
  approvals: [
    approvalOf({
      kind: 'fileChange',
      itemId: 'change-1',
      command: null,
      cwd: null,
      reason: 'outside of the workspace',
    }),
  ],
};

const questioning: ThreadSnapshot = {
  ...snapshotWith([turnOf([userMessage('plan a notes command')], { status: 'inProgress' })]),
  approvals: [userInputOf()],
};

const eliciting: ThreadSnapshot = {
  ...snapshotWith([turnOf([userMessage('add me to the list')], { status: 'inProgress' })]),
  approvals: [elicitationOf()],
};
const sendingAway: ThreadSnapshot = {
  ...eliciting,
  approvals: [
    elicitationOf({
      form: {
        type: 'mcpUrl',
        server: 'box',
        message: 'Sign in to the shop, then come back.',
        url: 'https://shop.example/sign-in?ticket=1234',
        elicitationId: 'e1',
      },
    }),
  ],
};

const planned: ThreadSnapshot = {
  ...snapshotWith([
    turnOf([
      userMessage('plan a notes command'),
      agentMessage('I read the program.'),
      { type: 'plan', id: 'plan-1', text: '# Notes\n\n1. Read the **arguments**\n2. Write `notes.md`\n' },
    ]),
  ]),
  settings: { ...emptySnapshot().settings, mode: 'plan' },
};

const inLine: ThreadSnapshot = {
  ...snapshotWith([turnOf([userMessage('first')], { status: 'interrupted', interruptedBy: otherClient })]),
  queueHeld: true,
  queue: [
    { ...queuedPrompt('then run the tests', thisClient), editedBy: otherClient },
    queuedPrompt('and say what failed', otherClient),
    { ...queuedPrompt('at last commit', null), waitsFor: 'a client: its environment was lost' },
  ],
};

const ownPolicy = { approvalPolicy: 'never' as const, sandboxPolicy: { type: 'dangerFullAccess' as const } };

const models = ['practice-1', 'practice-2'].map((name) => ({
  id: name,
  model: name,
  displayName: name,
  description: `the model ${name}`,
  hidden: false,
  isDefault: false,
  defaultReasoningEffort: 'medium',
  supportedReasoningEfforts: [],
}));

const environment = {
  isOwn: true,
  cwd: '/home/user/project',
  shell: '/bin/zsh',
  umask: 0o022,
  variables: ['HOME', 'LANG', 'PATH'],
  withheld: ['OPENAI_API_KEY'],
};

const status = {
  pid: 77,
  instanceId: 'i',
  build: '0.1.0',
  protocol: { min: 1, max: 1 },
  state: 'listening',
  startedAtMs: 0,
  uptimeMs: 3_725_000,
  memoryBytes: 1,
  home: '/home/user/.codex',
  socketPath: '/home/user/.codex/daemon/daemon.sock',
  logPath: '/home/user/.codex/daemon/daemon.log',
  threads: { loaded: 2, running: 1, waiting: 0 },
  clients: [],
  sandbox: { available: true, kind: 'bubblewrap', reason: null, mend: null },
  keyring: { available: false, reason: null },
  startedBy: 'client',
  idleExitMinutes: 60,
};

const noServer = {
  authStatus: 'unsupported',
  tools: {},
  resources: [],
  resourceTemplates: [],
  serverInfo: null,
  httpOrigin: null,
  toolsError: null,
};
const mcpServers = [
  {
    ...noServer,
    name: 'files',
    authStatus: 'oAuth',
    runtimeStatus: 'connected',
    serverInfo: { name: 'file-server', version: '1.2.3' },
    tools: {
      find: { name: 'find', description: 'Finds files by their names\nand tells where they are' },
      'read-all': { name: 'read-all' },
    },
    resources: [{ name: 'notes', uri: 'file:///notes' }],
  },
  { ...noServer, name: 'issues', runtimeStatus: 'failed', toolsError: 'it answered 401: its token is missing' },
  {
    ...noServer,
    name: 'wiki',
    authStatus: 'notLoggedIn',
    runtimeStatus: 'authenticationRequired',
    toolsError: 'it answered 401: sign in with `codex mcp login wiki`',
  },
  { ...noServer, name: 'later', runtimeStatus: 'starting' },
  { ...noServer, name: 'off', runtimeStatus: 'disabled' },
];

const byBrowser = {
  type: 'chatgpt',
  loginId: 'login-1',
  authUrl: `https://auth.example/oauth/authorize?client_id=app&state=${'s'.repeat(43)}&code_challenge=${'c'.repeat(43)}`,
};
const byCode = {
  type: 'chatgptDeviceCode',
  loginId: 'login-1',
  verificationUrl: 'https://auth.example/codex/device',
  userCode: 'ABCD-12345',
};

const foundFiles = [
  { path: 'src/words.ts', match_type: 'file', indices: [4, 5, 6] },
  { path: 'src/worlds', match_type: 'directory', indices: [4, 5, 6] },
  { path: 'docs/my words.md', match_type: 'file', indices: [8, 9, 10] },
  { path: `deep/${'down/'.repeat(22)}単語.txt`, match_type: 'file', indices: null },
].map((found) => ({ root: '/repo', file_name: '', score: 1, ...found }));

const scenes: readonly {
  name: string;
  snapshot: ThreadSnapshot;
  keys: string;
  until: string | RegExp;
  notices?: readonly string[];
}[] = [
  {
    name: 'empty',
    snapshot: emptySnapshot(),
    keys: '',
    until: 'practice-1',
    notices: ['Practice model: answers are made up.'],
  },
  { name: 'transcript', snapshot: everything, keys: '', until: 'run the tests' },
  { name: 'approval', snapshot: asking, keys: '', until: 'Make this change?' },
  { name: 'user-input', snapshot: questioning, keys: '', until: '1 A file' },
  { name: 'user-input-other', snapshot: questioning, keys: '2nota', until: 'Other: nota' },
  { name: 'elicitation', snapshot: eliciting, keys: 'Al', until: 'Al▏' },
  { name: 'elicitation-url', snapshot: sendingAway, keys: '', until: 'Yes, I go' },
  { name: 'plan-offer', snapshot: planned, keys: '', until: 'Carry out this' },
  { name: 'completion', snapshot: emptySnapshot(), keys: '/re', until: '/rename' },
  { name: 'files', snapshot: emptySnapshot(), keys: 'see @wor', until: 'words.ts' },
  { name: 'help', snapshot: emptySnapshot(), keys: '/help\r', until: 'Keys' },
  { name: 'pager', snapshot: everything, keys: '\u0014', until: '↑ ↓ pgup' },
  { name: 'queue', snapshot: inLine, keys: '/queue\r', until: 'Prompts' },
  { name: 'queue-below', snapshot: inLine, keys: '', until: 'lost' },
  { name: 'who', snapshot: everything, keys: '/who\r', until: 'Attached' },
  { name: 'model-picker', snapshot: emptySnapshot(), keys: '/model\r', until: 'practice-2' },
  { name: 'thread-picker', snapshot: emptySnapshot(), keys: '/resume\r', until: 'Threads' },
  { name: 'login', snapshot: emptySnapshot(), keys: '/login\r', until: 'Sign in' },
  { name: 'login-browser', snapshot: emptySnapshot(), keys: '/login\r1', until: /Sign in\nOpen this/ },
  { name: 'login-code', snapshot: emptySnapshot(), keys: '/login\r2', until: /Sign in\nOpen this/ },
  { name: 'login-key', snapshot: emptySnapshot(), keys: '/login\r3sk-secret', until: '•••••••••' },
  { name: 'mcp', snapshot: everything, keys: '/mcp\r', until: 'MCP servers' },
  { name: 'status', snapshot: everything, keys: '/status\r', until: 'Thread' },
];

const sizes = [
  { columns: 80, rows: 24 },
  { columns: 20, rows: 6 },
  { columns: 120, rows: 40 },
] as const;

/** What depends on the time the test runs at. */
const withoutTime = (text: string): string =>
  text
    .replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, '*')
    .replace(/\d+d ago/g, 'long ago')
    .replace(/idle [^\n]*/g, 'idle long')
    .replace(/\d+s of/g, '0s of');

describe.each(sizes)('at $columns x $rows', ({ columns, rows }) => {
  test.each(scenes)('$name', async ({ name, snapshot, keys, until, notices = [] }) => {
    const link = new ScriptedLink(snapshot);
    link.answer('model/list', () => ({ data: models, nextCursor: null }));
    link.answer('thread/list', () => ({
      data: [{ ...emptySnapshot().thread, preview: 'translate' }],
      nextCursor: null,
    }));
    link.answer('fuzzyFileSearch/sessionUpdate', ({ sessionId, query }) => {
      const params = { sessionId: String(sessionId), query: String(query), files: foundFiles };
      link.announce({ method: 'fuzzyFileSearch/sessionUpdated', params } as UnthreadedNotification);
      return {};
    });
    link.answer('daemon/status', () => status);
    link.answer('environment/read', () => environment);
    link.answer('mcpServerStatus/list', () => ({ data: mcpServers, nextCursor: null }));
    link.answer('presence/list', () => ({
      data: [presenceOf(thisClient), presenceOf(otherClient, { role: 'observer', ownPolicy })],
    }));
    link.answer('account/login/start', ({ type }) => (type === 'chatgpt' ? byBrowser : byCode));
    const screen = await openVirtualScreen({ link, threadId: THREAD_ID, columns, rows, notices });
    open.push(screen);
    if (keys !== '') screen.type(keys);
    await screen.waitForText(until);
    const text = withoutTime(screen.screenText());
    await expect(`${text}\n`).toMatchFileSnapshot(`../../fixtures/screens/${name}-${columns}x${rows}.txt`);
  });
});

test('300 x 100 works', async () => {
  const screen = await openVirtualScreen({
    link: new ScriptedLink(everything),
    threadId: THREAD_ID,
    columns: 300,
    rows: 100,
  });
  open.push(screen);
  expect(screen.screenText().split('\n')).toHaveLength(100);
});
