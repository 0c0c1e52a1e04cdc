import { resolve } from 'node:path';
import * as v from 'valibot';
import { outputBudget } from '../../machines/exec/format-output.ts';
import { displayCommand, shellArgv } from '../../machines/exec/shell-command.ts';
import { extractHeredocPatch } from '../../machines/patch/heredoc.ts';
import { isDangerousScript } from '../../machines/policy/command-safety.ts';
import type { ItemOf } from '../../machines/protocol/types/item.ts';
import type { ExecRequest } from '../exec/process-table.ts';
import { preparePatch } from './apply-patch.ts';
import { cannotRun } from './cannot-run.ts';
import { commandPlace, shellOf } from './command-place.ts';
import { defineTool, type ReadyCall, type ToolContext, type ToolResult } from './define-tool.ts';

const params = v.object({
  cmd: v.string(),
  workdir: v.nullish(v.string()),
  shell: v.nullish(v.string()),
  login: v.nullish(v.boolean()),
  tty: v.nullish(v.boolean()),
  yield_time_ms: v.nullish(v.number()),
  max_output_tokens: v.nullish(v.number()),
  sandbox_permissions: v.nullish(v.picklist(['use_default', 'require_escalated'])),
  justification: v.nullish(v.string()),
  prefix_rule: v.nullish(v.array(v.string())),
});
type Params = v.InferOutput<typeof params>;

/**
 * Runs a shell command and waits for its end or for the yield time (agent.md §7). A script that is nothing but a patch
 * is taken as one (agent.md §8).
 */
export const execCommandTool = defineTool({
  name: 'exec_command',
  description:
    'Runs a shell command. Answers with its output when it ends, or with a session id when it is still running after yield_time_ms; poll it or type into it with write_stdin.',
  params,
  jsonSchema: {
    properties: {
      cmd: { type: 'string', description: 'The shell command.' },
      workdir: { type: 'string', description: 'Folder to run in; the working folder when left out.' },
      shell: { type: 'string', description: "Shell program; the user's own when left out." },
      login: { type: 'boolean', description: 'Run it as a login shell (-l). True when left out.' },
      tty: {
        type: 'boolean',
        description: 'Run it on a pseudo terminal, for programs that ask for one. False when left out.',
      },
      yield_time_ms: {
        type: 'number',
        description: 'How long to wait for the end, in ms (250 to 30000; 10000 when left out).',
      },
      max_output_tokens: { type: 'number', description: 'Most tokens of output to return; more is cut in the middle.' },
      sandbox_permissions: {
        type: 'string',
        enum: ['use_default', 'require_escalated'],
        description: 'require_escalated asks the user to let this command run outside the sandbox.',
      },
      justification: { type: 'string', description: 'With require_escalated: one sentence that tells the user why.' },
      prefix_rule: {
        type: 'array',
        items: { type: 'string' },
        description: 'With require_escalated: first words of similar commands that could be allowed too.',
      },
    },
    required: ['cmd'],
  },
  prepare: async (args, context) => {
    const patch = context.turn.review ? null : extractHeredocPatch(args.cmd);
    if (!patch) return prepareCommand(args, context);
    const cwd = resolve(context.turn.settings.cwd, args.workdir ?? '.', patch.cwd ?? '.');
    return preparePatch(patch.patch, cwd, context);
  },
});

function prepareCommand(args: Params, context: ToolContext): ReadyCall {
  const { turn } = context;
  const cwd = resolve(turn.settings.cwd, args.workdir ?? '.');
  const argv = shellArgv(args.cmd, { shell: args.shell ?? shellOf(turn), login: args.login ?? true });
  const shown = displayCommand(argv);
  const asksEscalation = args.sandbox_permissions === 'require_escalated';
  const grantKey = JSON.stringify(['command', argv, cwd, asksEscalation]);
  const item: ItemOf<'commandExecution'> = {
    type: 'commandExecution',
    id: context.callId,
    command: shown,
    cwd,
    status: 'inProgress',
    commandActions: [{ type: 'unknown', command: args.cmd }],
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
    processId: null,
    source: 'unifiedExecStartup',
  };
  return {
    item,
    grantKeys: [grantKey],
    question: { kind: 'command', command: shown, cwd, reason: args.justification ?? null },
    facts: {
      kind: 'command',
      asksEscalation,
      isDangerous: isDangerousScript(args.cmd),
      fullAccess: turn.sandboxPolicy.type === 'dangerFullAccess',
      isGranted: turn.grants.has(grantKey),
      shown: args.cmd,
    },
    run: ({ outside }) => runCommand({ args, argv, cwd, item, outside }, context),
  };
}

interface CommandRun {
  readonly args: Params;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly item: ItemOf<'commandExecution'>;
  readonly outside: boolean;
}

async function runCommand({ args, argv, cwd, item, outside }: CommandRun, context: ToolContext): Promise<ToolResult> {
  const { turn, callId } = context;
  const startedAtMs = turn.tools.now();
  const shown = { ...item, startedAtMs };
  let isAnswered = false;
  let tellEnd: (ended: ItemOf<'commandExecution'>) => void = () => {};
  const end = new Promise<ItemOf<'commandExecution'>>((resolve) => {
    tellEnd = resolve;
  });
  const request: ExecRequest = {
    ...commandPlace(turn, callId, outside),
    argv,
    cwd,
    tty: args.tty ?? false,
    signal: context.signal,
    ...(args.yield_time_ms == null ? {} : { yieldTimeMs: args.yield_time_ms }),
    maxOutputTokens: outputBudget(args.max_output_tokens, turn.loaded.config.tool_output_token_limit),
    onOutput: (delta) =>
      context.announce({
        method: 'item/commandExecution/outputDelta',
        params: { threadId: turn.threadId, turnId: turn.turnId, itemId: item.id, delta },
      }),
    onExit: ({ exitCode, aggregatedOutput, durationMs }) => {
      const status = exitCode === 0 ? 'completed' : 'failed';
      const ended = { ...shown, status, exitCode, aggregatedOutput, durationMs } as const;
      tellEnd(ended);
      if (isAnswered) context.finishLater(ended);
    },
  };
  try {
    const result = await turn.tools.processes.start(request);
    if (result.state === 'exited') return { output: result.text, ok: result.exitCode === 0, item: await end };
    if (result.state === 'aborted') {
      const { output: aggregatedOutput, wallTimeMs: durationMs } = result;
      return { output: result.text, ok: false, item: { ...shown, status: 'failed', aggregatedOutput, durationMs } };
    }
    isAnswered = true;
    return { output: result.text, ok: true, item: null };
  } catch (error) {
    const why = cannotRun(error);
    return {
      output: `exec_command failed: ${why}`,
      ok: false,
      item: { ...shown, status: 'failed', aggregatedOutput: why },
    };
  }
}
