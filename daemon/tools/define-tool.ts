import * as v from 'valibot';
import type { OutputPart } from '../../machines/model/response-item.ts';
import type { CallFacts } from '../../machines/policy/approval.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { AnswerContent, OpenApproval, QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import type { ToolSpec } from '../model/request.ts';
import type { CallQuestion } from '../threads/call-questions.ts';
import type { TurnRun } from '../threads/turn-run.ts';

/** What a tool is given beside its parameters. */
export interface ToolContext {
  readonly turn: TurnRun;
  readonly callId: string;
  /** Aborted when the call is interrupted. */
  readonly signal: AbortSignal;
  /** Tells the thread's followers something that is not in the log. */
  readonly announce: (event: ThreadNotification) => void;
  /** Asks people in the middle of the call, until the signal takes the question back. @throws when it cannot be kept */
  readonly ask: (question: CallQuestion, signal: AbortSignal) => Promise<QuestionAnswer>;
  /** Ends the item of a call that outlived its answer (a command in the background). */
  readonly finishLater: (item: ThreadItem) => void;
}

export interface ToolResult {
  /** What the model reads. */
  readonly output: string | readonly OutputPart[];
  readonly ok: boolean;
  /** The item as it ended; null when nothing was shown, or when it ends later. */
  readonly item: ThreadItem | null;
}

export interface RunOptions {
  /** Outside the sandbox. */
  readonly outside: boolean;
  /** What a person filled in, for a question with a form. */
  readonly content: AnswerContent | null;
}

/** A call that may go ahead when policy and people agree. */
export interface ReadyCall {
  readonly facts: CallFacts;
  /** As shown while it runs; null: the call is not shown. */
  readonly item: ThreadItem | null;
  /** The question, when one is asked. */
  readonly question: Pick<OpenApproval, 'kind' | 'command' | 'cwd' | 'reason' | 'form' | 'mcpTool'>;
  /** Equal keys are equal calls: what a person allowed for the thread is not asked again. */
  readonly grantKeys: readonly string[];
  readonly run: (options: RunOptions) => Promise<ToolResult>;
}

/** An answer to the model without anything having happened: bad arguments, a patch that does not fit. */
export interface AnsweredCall {
  readonly answer: string;
}

export interface Tool {
  readonly name: string;
  readonly kind: 'function' | 'custom';
  readonly isOffered: (turn: TurnRun) => boolean;
  readonly spec: (turn: TurnRun) => ToolSpec;
  readonly prepare: (input: string, context: ToolContext) => Promise<ReadyCall | AnsweredCall>;
}

/**
 * A function tool: its parameters are declared once, as JSON Schema for the model and as the check of what it sends.
 * Bad JSON answers `failed to parse function arguments: …` (agent.md §6).
 */
export function defineTool<Schema extends v.GenericSchema<unknown, unknown>>(tool: {
  readonly name: string;
  readonly description: string;
  readonly params: Schema;
  readonly jsonSchema: { readonly properties: Readonly<Record<string, unknown>>; readonly required: readonly string[] };
  /** Left out: always. */
  readonly isOffered?: Tool['isOffered'];
  readonly prepare: (params: v.InferOutput<Schema>, context: ToolContext) => Promise<ReadyCall | AnsweredCall>;
}): Tool {
  return {
    name: tool.name,
    kind: 'function',
    isOffered: tool.isOffered ?? (() => true),
    spec: () => ({
      type: 'function',
      name: tool.name,
      description: tool.description,
      strict: false,
      parameters: { type: 'object', ...tool.jsonSchema, additionalProperties: false },
    }),
    prepare: async (input, context) => {
      const params = readArguments(tool.params, input);
      return params.ok ? tool.prepare(params.value, context) : { answer: params.why };
    },
  };
}

/** The arguments of a call, checked; else what the model reads about them. */
export function readArguments<Schema extends v.GenericSchema<unknown, unknown>>(
  schema: Schema,
  input: string,
): { ok: true; value: v.InferOutput<Schema> } | { ok: false; why: string } {
  const fail = (why: string) => ({ ok: false as const, why: `failed to parse function arguments: ${why}` });
  let raw: unknown;
  try {
    raw = JSON.parse(input);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const checked = v.safeParse(schema, raw, { abortEarly: true });
  if (checked.success) return { ok: true, value: checked.output };
  const issue = checked.issues[0];
  const path = v.getDotPath(issue);
  return fail(path ? `${path}: ${issue.message}` : issue.message);
}

/** A call that touches nothing and is not shown. */
export function harmless(run: () => Promise<string> | string): ReadyCall {
  return {
    facts: { kind: 'harmless' },
    item: null,
    question: { kind: 'command', command: null, cwd: null, reason: null },
    grantKeys: [],
    run: async () => ({ output: await run(), ok: true, item: null }),
  };
}
