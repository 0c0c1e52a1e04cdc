/** The envelope of the wire (protocol.md §2): JSON-RPC shaped, without a `jsonrpc` member. */

export type RequestId = string | number;

export interface RequestMessage {
  readonly id: RequestId;
  readonly method: string;
  readonly params?: unknown;
}

export interface NotificationMessage {
  readonly method: string;
  readonly params?: unknown;
  /** Position in the thread's stream of events; ours, older clients ignore it (DESIGN §2). */
  readonly seq?: number;
  /** First position of a merged delta. */
  readonly firstSeq?: number;
  readonly emittedAtMs?: number;
}

export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export interface ResponseMessage {
  readonly id: RequestId;
  readonly result?: unknown;
  readonly error?: WireError;
}

export type WireMessage = RequestMessage | NotificationMessage | ResponseMessage;

/** One end of an ordered, message-wise link. Sockets, and pairs in memory for tests, look the same to a Peer. */
export interface Transport {
  send(message: WireMessage): void;
  close(): void;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is RequestId => typeof value === 'string' || typeof value === 'number';

/** Sorts an incoming value by shape; null when it is no message at all. */
export function classify(
  value: unknown,
):
  | { kind: 'request'; message: RequestMessage }
  | { kind: 'notification'; message: NotificationMessage }
  | { kind: 'response'; message: ResponseMessage }
  | null {
  if (!isRecord(value)) return null;
  const { id, method, params, seq, firstSeq, result, error } = value;
  if (typeof method === 'string') {
    if (id === null) return { kind: 'notification', message: { method, params } };
    if (id !== undefined) return isId(id) ? { kind: 'request', message: { id, method, params } } : null;
    const position = typeof seq === 'number' ? { seq } : {};
    const first = typeof firstSeq === 'number' ? { firstSeq } : {};
    return { kind: 'notification', message: { method, params, ...position, ...first } };
  }
  if (!isId(id)) return null;
  if (isRecord(error)) return { kind: 'response', message: { id, error: toWireError(error) } };
  return 'result' in value ? { kind: 'response', message: { id, result } } : null;
}

function toWireError(error: Record<string, unknown>): WireError {
  const code = typeof error.code === 'number' ? error.code : -32603;
  const message = typeof error.message === 'string' ? error.message : 'unknown error';
  return { code, message, data: error.data };
}
