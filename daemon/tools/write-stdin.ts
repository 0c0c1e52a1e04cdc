import * as v from 'valibot';
import { messageOf } from '../../machines/core/errors.ts';
import { outputBudget } from '../../machines/exec/format-output.ts';
import { defineTool } from './define-tool.ts';

/** Types into a running command, or polls it (agent.md §7). */
export const writeStdinTool = defineTool({
  name: 'write_stdin',
  description:
    'Types characters into a command that exec_command left running, and answers with its new output. Empty chars only wait for more output.',
  params: v.object({
    session_id: v.number(),
    chars: v.nullish(v.string()),
    yield_time_ms: v.nullish(v.number()),
    max_output_tokens: v.nullish(v.number()),
  }),
  jsonSchema: {
    properties: {
      session_id: { type: 'number', description: 'The session id that exec_command answered with.' },
      chars: { type: 'string', description: 'What to type; empty to only wait. \\u0003 is ctrl-c.' },
      yield_time_ms: { type: 'number', description: 'How long to wait for output, in ms.' },
      max_output_tokens: { type: 'number', description: 'Most tokens of output to return.' },
    },
    required: ['session_id'],
  },
  prepare: async ({ session_id: sessionId, chars, yield_time_ms, max_output_tokens }, { turn, signal, announce }) => {
    const { processes } = turn.tools;
    const session = processes.list().find((known) => known.sessionId === sessionId);
    return {
      facts: { kind: 'harmless' },
      item: null,
      question: { kind: 'command', command: null, cwd: null, reason: null },
      grantKeys: [],
      run: async () => {
        if (session && chars) {
          announce({
            method: 'item/commandExecution/terminalInteraction',
            params: {
              threadId: turn.threadId,
              turnId: turn.turnId,
              itemId: session.callId,
              processId: String(sessionId),
              stdin: chars,
            },
          });
        }
        try {
          const result = await processes.write({
            threadId: turn.threadId,
            sessionId,
            chars: chars ?? '',
            signal,
            ...(yield_time_ms == null ? {} : { yieldTimeMs: yield_time_ms }),
            maxOutputTokens: outputBudget(max_output_tokens, turn.loaded.config.tool_output_token_limit),
          });
          return { output: result.text, ok: true, item: null };
        } catch (error) {
          return { output: messageOf(error), ok: false, item: null };
        }
      },
    };
  },
});
