import { sanitizeHistory } from '../../machines/model/history.ts';
import type { ModelInfo, Verbosity } from '../../machines/model/models.ts';
import {
  type ResponseItem,
  textMessage,
  withoutImages,
  withoutPrivateNotes,
} from '../../machines/model/response-item.ts';

export type ReasoningSummary = 'auto' | 'concise' | 'detailed' | 'none';

/** A tool as it is offered to the model (agent.md §6). */
export type ToolSpec =
  | {
      readonly type: 'function';
      readonly name: string;
      readonly description: string;
      readonly strict: false;
      readonly parameters: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'custom';
      readonly name: string;
      readonly description: string;
      readonly format: { readonly type: 'grammar'; readonly syntax: 'lark'; readonly definition: string };
    }
  | { readonly type: 'web_search'; readonly external_web_access: boolean }
  | {
      readonly type: 'namespace';
      readonly name: string;
      readonly description: string;
      readonly tools: readonly ToolSpec[];
    };

export interface RequestInput {
  readonly model: ModelInfo;
  /** Base instructions; empty: none are sent. */
  readonly instructions: string;
  /** Context items and history, oldest first. */
  readonly input: readonly ResponseItem[];
  readonly tools: readonly ToolSpec[];
  readonly threadId: string;
  /** Null: the model's default. */
  readonly effort?: string | null | undefined;
  readonly summary?: ReasoningSummary | null | undefined;
  readonly verbosity?: Verbosity | null | undefined;
  /** JSON Schema that the answer must follow. */
  readonly outputSchema?: unknown;
  /** Null: the model's default. */
  readonly parallelToolCalls?: boolean | null | undefined;
  readonly serviceTier?: string | null | undefined;
}

/** The body of `POST /responses` (agent.md §2.2). */
export interface RequestBody {
  readonly model: string;
  readonly stream: true;
  readonly input: readonly ResponseItem[];
  readonly tools: readonly ToolSpec[];
  readonly tool_choice: 'auto';
  readonly parallel_tool_calls: boolean;
  readonly reasoning?: { readonly effort?: string; readonly summary?: string };
  readonly store: false;
  readonly include: readonly string[];
  readonly prompt_cache_key: string;
  readonly text?: { readonly verbosity?: Verbosity; readonly format?: unknown };
  readonly service_tier?: string;
}

/**
 * The request for one model response. The base instructions are the first developer message, the history is made
 * fit to be sent, and nothing is kept on the server (`store: false`), so that all of it goes along every time.
 */
export function buildRequestBody(request: RequestInput): RequestBody {
  const reasoning = reasoningOf(request);
  const text = textOf(request);
  return {
    model: request.model.slug,
    stream: true,
    input: [
      ...(request.instructions === '' ? [] : [textMessage('developer', request.instructions)]),
      ...seenBy(request.model, sanitizeHistory(request.input).map(withoutPrivateNotes)),
    ],
    tools: request.tools,
    tool_choice: 'auto',
    parallel_tool_calls: request.parallelToolCalls ?? request.model.parallelToolCalls,
    ...(reasoning && { reasoning }),
    store: false,
    include: reasoning ? ['reasoning.encrypted_content'] : [],
    prompt_cache_key: request.threadId,
    ...(text && { text }),
    ...(request.serviceTier && { service_tier: request.serviceTier }),
  };
}

/** A model that takes text alone would refuse the whole history for one image in it. */
function seenBy({ inputModalities }: ModelInfo, items: readonly ResponseItem[]): readonly ResponseItem[] {
  return inputModalities.includes('image') ? items : items.map(withoutImages);
}

function reasoningOf({ model, effort, summary }: RequestInput): RequestBody['reasoning'] | null {
  const chosen = effort ?? model.defaultEffort;
  const wantsSummary = summary != null && summary !== 'none';
  if (chosen === null && !wantsSummary) return null;
  return { ...(chosen !== null && { effort: chosen }), ...(wantsSummary && { summary }) };
}

function textOf({ model, verbosity, outputSchema }: RequestInput): RequestBody['text'] | null {
  const chosen = verbosity ?? model.verbosity;
  if (chosen === null && outputSchema == null) return null;
  return {
    ...(chosen !== null && { verbosity: chosen }),
    ...(outputSchema != null && { format: schemaFormat(outputSchema) }),
  };
}

function schemaFormat(schema: unknown): unknown {
  return { type: 'json_schema', strict: true, name: 'codex_output_schema', schema };
}
