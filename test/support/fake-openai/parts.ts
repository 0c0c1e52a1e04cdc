/** The parts of a scripted reply: one for each output item, and the places where the server misbehaves or waits. */

/** What goes over the wire, in order. */
export type Frame =
  | { readonly kind: 'event'; readonly event: ApiEvent }
  /** Bytes as they are, for what no server should send. */
  | { readonly kind: 'raw'; readonly text: string }
  /** The server waits here until the test releases it. */
  | { readonly kind: 'gate'; readonly name: string };

export type ApiEvent = { readonly type: string; readonly [field: string]: unknown };

/** Makes the frames of one output item; `at` numbers the response and the item, so that ids differ. */
export type Part = (at: { readonly response: number; readonly item: number }) => readonly Frame[];

export interface MessageOptions {
  /** How many deltas; 1 unless told. */
  readonly chunks?: number;
  /** A gate before every delta: each `release` lets one pass. */
  readonly gate?: string;
}

/** An assistant message, streamed. */
export function message(content: string, options: MessageOptions = {}): Part {
  return ({ response, item }) => {
    const id = `msg_${response}_${item}`;
    const part = { type: 'output_text', text: content, annotations: [] };
    return [
      added({ type: 'message', id, role: 'assistant', status: 'in_progress', content: [] }),
      ...split(content, options.chunks ?? 1).flatMap((delta) => [
        ...(options.gate === undefined ? [] : gate(options.gate)({ response, item })),
        frame({ type: 'response.output_text.delta', item_id: id, output_index: item, content_index: 0, delta }),
      ]),
      done({ type: 'message', id, role: 'assistant', status: 'completed', content: [part] }),
    ];
  };
}

/** A reasoning item with one summary part, streamed. */
export function reasoning(summary: string, options: { chunks?: number; encrypted?: string; raw?: string } = {}): Part {
  return ({ response, item }) => {
    const id = `rs_${response}_${item}`;
    const at = { item_id: id, output_index: item };
    const content = options.raw === undefined ? [] : [{ type: 'reasoning_text', text: options.raw }];
    return [
      added({ type: 'reasoning', id, summary: [] }),
      frame({ type: 'response.reasoning_summary_part.added', ...at, summary_index: 0 }),
      ...split(summary, options.chunks ?? 1).map((delta) =>
        frame({ type: 'response.reasoning_summary_text.delta', ...at, summary_index: 0, delta }),
      ),
      ...content.map((part) =>
        frame({ type: 'response.reasoning_text.delta', ...at, content_index: 0, delta: part.text }),
      ),
      done({
        type: 'reasoning',
        id,
        summary: [{ type: 'summary_text', text: summary }],
        ...(content.length > 0 && { content }),
        encrypted_content: options.encrypted ?? 'ZmFrZQ==',
      }),
    ];
  };
}

/** A function call. `args` is made JSON unless it is a text, which goes as it is (bad JSON, for one). */
export function call(name: string, args: unknown, options: { callId?: string; namespace?: string } = {}): Part {
  return ({ response, item }) => {
    const fields = {
      type: 'function_call',
      id: `fc_${response}_${item}`,
      call_id: options.callId ?? `call_${response}_${item}`,
      name,
      ...(options.namespace !== undefined && { namespace: options.namespace }),
    };
    return [
      added({ ...fields, status: 'in_progress', arguments: '' }),
      done({ ...fields, status: 'completed', arguments: typeof args === 'string' ? args : JSON.stringify(args) }),
    ];
  };
}

/** A custom (free text) tool call, its input streamed. */
export function customCall(name: string, input: string, options: { callId?: string; chunks?: number } = {}): Part {
  return ({ response, item }) => {
    const id = `ctc_${response}_${item}`;
    const fields = { type: 'custom_tool_call', id, call_id: options.callId ?? `call_${response}_${item}`, name };
    return [
      added({ ...fields, status: 'in_progress', input: '' }),
      ...split(input, options.chunks ?? 1).map((delta) =>
        frame({ type: 'response.custom_tool_call_input.delta', item_id: id, output_index: item, delta }),
      ),
      done({ ...fields, status: 'completed', input }),
    ];
  };
}

/** `apply_patch` as a custom tool call. */
export function patchCall(patch: string, options: { callId?: string; chunks?: number } = {}): Part {
  return customCall('apply_patch', patch, options);
}

/** Any output item, added and done as given. */
export function item(fields: ApiEvent): Part {
  return () => [added(fields), done(fields)];
}

/** Any event of the stream. */
export function event(fields: ApiEvent): Part {
  return () => [frame(fields)];
}

/** What a client has to survive: bytes that are no event, no JSON, no object, or of no known type. */
export function garbage(...texts: readonly string[]): Part {
  const all = texts.length > 0 ? texts : GARBAGE;
  return () => all.map((raw) => ({ kind: 'raw', text: raw }));
}

export const GARBAGE: readonly string[] = [
  ': a comment\n\n',
  'data: not json\n\n',
  'data: [DONE]\n\n',
  'data: null\n\n',
  'data: [1, 2]\n\n',
  'data: {"type": 7}\n\n',
  'data: {"no": "type"}\n\n',
  'data: {"type": "response.unheard_of", "x": 1}\n\n',
  'data: {"type": "response.output_text.delta"}\n\n',
  'data: {"type": "response.output_item.done", "item": {"type": "function_call"}}\n\n',
  'data: {"type": "constructor"}\n\n',
  'event: ping\nid: 7\nretry: 10\n\n',
  'nonsense\n\n',
];

/** The server waits here until `server.gate(name).release()`. */
export function gate(name: string): Part {
  return () => [{ kind: 'gate', name }];
}

/** One event of the stream. */
export function frame(fields: ApiEvent): Frame {
  return { kind: 'event', event: fields };
}

function added(fields: ApiEvent): Frame {
  return frame({ type: 'response.output_item.added', item: fields });
}

function done(fields: ApiEvent): Frame {
  return frame({ type: 'response.output_item.done', item: fields });
}

function split(content: string, chunks: number): readonly string[] {
  const size = Math.max(1, Math.ceil(content.length / chunks));
  return Array.from({ length: Math.ceil(content.length / size) }, (_, n) => content.slice(n * size, (n + 1) * size));
}
