import type { OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { ClientTag, ItemOf, ThreadItem } from '../../machines/protocol/types/item.ts';
import type { Presence, QueuedPrompt, ThreadSnapshot, Turn } from '../../machines/protocol/types/thread.ts';

export const THREAD_ID = '0198c0de-0000-7000-8000-000000000001';
export const TURN_ID = '0198c0de-0000-7000-8000-00000000000a';

export const thisClient: ClientTag = { clientId: 'client-1', name: 'codex-tui', pid: 123, terminal: '/dev/pts/3' };
export const otherClient: ClientTag = { clientId: 'client-2', name: 'codex-tui', pid: 456, terminal: '/dev/pts/4' };

export function presenceOf(tag: ClientTag, changes: Partial<Presence> = {}): Presence {
  return { ...tag, role: 'operator', attachedAtMs: 0, lastActiveAtMs: 0, ...changes };
}

/** An empty idle thread with everyday settings. */
export function emptySnapshot(changes: Partial<ThreadSnapshot> = {}): ThreadSnapshot {
  return {
    thread: {
      id: THREAD_ID,
      sessionId: THREAD_ID,
      preview: '',
      name: null,
      createdAt: 0,
      updatedAt: 0,
      status: { type: 'idle' },
      cwd: '/home/user/project',
      cliVersion: '0.1.0',
      source: 'cli',
      modelProvider: 'practice',
      model: 'practice-1',
      path: null,
      historyMode: 'legacy',
      ephemeral: false,
      projectId: null,
      turns: [],
    },
    settings: {
      model: 'practice-1',
      modelProvider: 'practice',
      effort: 'medium',
      approvalPolicy: 'on-request',
      sandboxPolicy: {
        type: 'workspaceWrite',
        writableRoots: [],
        networkAccess: false,
        excludeTmpdirEnvVar: false,
        excludeSlashTmp: false,
      },
      cwd: '/home/user/project',
      mode: 'default',
      modeInstructions: null,
    },
    approvals: [],
    decisions: [],
    queue: [],
    queueHeld: false,
    presence: [presenceOf(thisClient)],
    tokenUsage: null,
    plan: null,
    notice: null,
    ...changes,
  };
}

export function turnOf(items: readonly ThreadItem[], changes: Partial<Turn> = {}): Turn {
  return { id: TURN_ID, items: [...items], itemsView: 'full', status: 'completed', ...changes };
}

/** A thread with the turns given. */
export function snapshotWith(turns: readonly Turn[], changes: Partial<ThreadSnapshot> = {}): ThreadSnapshot {
  const empty = emptySnapshot(changes);
  return { ...empty, thread: { ...empty.thread, turns: [...turns] } };
}

export function userMessage(text: string, changes: Partial<ItemOf<'userMessage'>> = {}): ItemOf<'userMessage'> {
  return { type: 'userMessage', id: `user-${text.slice(0, 12)}`, content: [{ type: 'text', text }], ...changes };
}

export function agentMessage(text: string, id = 'message-1'): ItemOf<'agentMessage'> {
  return { type: 'agentMessage', id, text };
}

/** A call of an MCP tool that went well. */
export function mcpCall(changes: Partial<ItemOf<'mcpToolCall'>> = {}): ItemOf<'mcpToolCall'> {
  return {
    type: 'mcpToolCall',
    id: 'mcp-1',
    server: 'files',
    tool: 'find',
    arguments: { name: 'words.txt' },
    status: 'completed',
    result: { content: [{ type: 'text', text: 'src/words.txt\ntest/words.txt' }] },
    durationMs: 40,
    ...changes,
  };
}

export function command(changes: Partial<ItemOf<'commandExecution'>> = {}): ItemOf<'commandExecution'> {
  return {
    type: 'commandExecution',
    id: 'command-1',
    command: "/bin/bash -lc 'npm test'",
    cwd: '/home/user/project',
    status: 'completed',
    commandActions: [],
    aggregatedOutput: '3 passed\n',
    exitCode: 0,
    source: 'agent',
    ...changes,
  };
}

export function fileChange(changes: Partial<ItemOf<'fileChange'>> = {}): ItemOf<'fileChange'> {
  const diff = '@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n';
  return {
    type: 'fileChange',
    id: 'change-1',
    changes: [{ path: 'src/words.txt', kind: { type: 'update' }, diff }],
    status: 'completed',
    ...changes,
  };
}

export function approvalOf(changes: Partial<OpenApproval> = {}): OpenApproval {
  return {
    approvalId: 'approval-1',
    kind: 'command',
    threadId: THREAD_ID,
    turnId: TURN_ID,
    itemId: 'command-1',
    command: "/bin/bash -lc 'npm test'",
    cwd: '/home/user/project',
    reason: 'the tests need the network',
    availableDecisions: ['accept', 'acceptForSession', 'decline', 'cancel'],
    startedAtMs: 0,
    ...changes,
  };
}

/** Two questions of the model in one. */
export function userInputOf(changes: Partial<OpenApproval> = {}): OpenApproval {
  const questions = [
    {
      id: 'store',
      header: 'Store',
      question: 'Where are the notes kept when the program ends?',
      isOther: true,
      isSecret: false,
      options: [
        { label: 'A file', description: 'Simple, and read by every editor.' },
        { label: 'SQLite', description: 'Can be searched.' },
      ],
    },
    { id: 'name', header: 'Name', question: 'What is the command called?', isOther: true, isSecret: false },
  ];
  return {
    ...approvalOf({ kind: 'userInput', itemId: 'ask-1', command: null, cwd: null }),
    reason: questions.map(({ question }) => question).join(' '),
    form: { type: 'userInput', questions },
    availableDecisions: ['accept', 'decline', 'cancel'],
    ...changes,
  };
}

/** A form of an MCP server, with a field of every kind. */
export function elicitationOf(changes: Partial<OpenApproval> = {}): OpenApproval {
  return {
    ...approvalOf({ kind: 'mcpElicitation', itemId: 'call-1', command: null, cwd: null }),
    reason: 'the MCP server box asks: Who are you?',
    form: {
      type: 'mcpForm',
      server: 'box',
      message: 'Who are you?',
      schema: {
        type: 'object',
        properties: {
          name: { type: 'string', title: 'Name', description: 'As your friends say it', minLength: 2 },
          age: { type: 'integer', minimum: 0 },
          color: { type: 'string', enum: ['red', 'blue'], enumNames: ['Red', 'Blue'] },
          sure: { type: 'boolean', default: true },
          pets: {
            type: 'array',
            items: {
              anyOf: [
                { const: 'c', title: 'Cat' },
                { const: 'd', title: 'Dog' },
              ],
            },
            maxItems: 1,
          },
        },
        required: ['name'],
      },
    },
    availableDecisions: ['accept', 'decline', 'cancel'],
    ...changes,
  };
}

/** A prompt in line whose id is its text. */
export function queuedPrompt(text: string, sentBy: ClientTag | null = thisClient): QueuedPrompt {
  return { promptId: text, input: [{ type: 'text', text }], sentBy, queuedAtMs: 0, waitsFor: null };
}
