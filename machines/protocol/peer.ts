import { isErrorName, messageOf, RpcError } from '../core/errors.ts';
import { type AnyRequest, checkAgainst, type ParamsIn, type ResultOf, type Schema } from './define.ts';
import {
  classify,
  type NotificationMessage,
  type RequestId,
  type RequestMessage,
  type ResponseMessage,
  type Transport,
  type WireError,
} from './message.ts';

/** Given to a handler beside the checked parameters. */
export interface CallContext {
  readonly method: string;
  /** Runs right after the answer was sent; for what must not overtake it. */
  afterReply(run: () => void): void;
}

/** What one end offers to the other. */
export interface PeerOptions {
  readonly transport: Transport;
  /** The declaration of an incoming request, or undefined when the method is unknown. */
  readonly definitionOf: (method: string) => AnyRequest | undefined;
  readonly answer: (method: string, params: unknown, context: CallContext) => Promise<unknown> | unknown;
  readonly notified: (message: NotificationMessage) => void;
  /** The error for a method without a declaration. */
  readonly refuse?: (method: string) => RpcError;
  /** Told about errors that are bugs, with their cause; the other end only sees "internal error". */
  readonly onInternalError?: (error: unknown, method: string) => void;
  readonly maxPendingIncoming?: number;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RpcError) => void;
}

/** One end of a connection: numbers requests, pairs answers, checks what comes in. The same class on both sides. */
export class Peer {
  private readonly pending = new Map<RequestId, Pending>();
  private nextId = 1;
  private answering = 0;
  private closed = false;

  constructor(private readonly options: PeerOptions) {}

  /**
   * Calls a method of the other end.
   * @param id given only where the id itself means something (an approval's)
   * @throws RpcError as declared by the method, or `connectionClosed`
   */
  request<Params extends Schema, Result extends Schema>(
    definition: { readonly method: string; readonly params: Params; readonly result: Result },
    params: ParamsIn<{ params: Params }>,
    id: RequestId = this.nextId++,
  ): Promise<ResultOf<{ result: Result }>> {
    if (this.closed) return Promise.reject(new RpcError('connectionClosed', 'the connection is closed'));
    return new Promise((resolve, reject) => {
      // The daemon's results are its own; clients trust them, the daemon checks answers itself.
      this.pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.options.transport.send({ id, method: definition.method, params });
    });
  }

  /** Calls of the other end that are being answered. */
  get inFlight(): number {
    return this.answering;
  }

  /** Forgets a request whose answer is no longer wanted; a late answer is dropped. */
  forget(id: RequestId): void {
    this.pending.delete(id);
  }

  notify<Params extends Schema>(
    definition: { readonly method: string; readonly params: Params },
    params: ParamsIn<{ params: Params }>,
  ): void {
    if (!this.closed) this.options.transport.send({ method: definition.method, params });
  }

  /** Takes one decoded value. False when it is no message at all. */
  receive(value: unknown): boolean {
    const incoming = classify(value);
    if (!incoming) return false;
    if (incoming.kind === 'request') void this.serve(incoming.message);
    else if (incoming.kind === 'response') this.settle(incoming.message);
    else this.options.notified(incoming.message);
    return true;
  }

  /** Ends every open request with `connectionClosed`. */
  close(why = 'the connection was closed'): void {
    if (this.closed) return;
    this.closed = true;
    for (const { reject } of this.pending.values()) reject(new RpcError('connectionClosed', why));
    this.pending.clear();
  }

  private async serve({ id, method, params }: RequestMessage): Promise<void> {
    const afterwards: (() => void)[] = [];
    this.answering += 1;
    try {
      const checked = this.check(method, params);
      const context = { method, afterReply: (run: () => void) => afterwards.push(run) };
      const result = await this.options.answer(method, checked, context);
      this.reply({ id, result: result ?? {} });
    } catch (error) {
      this.reply({ id, error: this.toWireError(error, method) });
    } finally {
      this.answering -= 1;
    }
    for (const run of afterwards) run();
  }

  private check(method: string, params: unknown): unknown {
    if (this.answering > (this.options.maxPendingIncoming ?? Number.POSITIVE_INFINITY)) {
      throw new RpcError('overloaded', 'Server overloaded; retry later.');
    }
    const definition = this.options.definitionOf(method);
    if (!definition) throw this.options.refuse?.(method) ?? new RpcError('methodNotFound', `unknown method ${method}`);
    const checked = checkAgainst(definition.params, params);
    if (!checked.ok)
      throw new RpcError('invalidParams', `Invalid request: ${method}: ${checked.why}`, { data: { why: checked.why } });
    return checked.value;
  }

  private settle({ id, result, error }: ResponseMessage): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    if (error) pending.reject(fromWireError(error));
    else pending.resolve(result);
  }

  private reply(message: ResponseMessage): void {
    if (!this.closed) this.options.transport.send(message);
  }

  private toWireError(error: unknown, method: string): WireError {
    if (error instanceof RpcError) {
      return { code: error.code, message: error.message, data: { name: error.errorName, ...error.data } };
    }
    this.options.onInternalError?.(error, method);
    return { code: -32603, message: `internal error: ${messageOf(error)}`, data: { name: 'internal' } };
  }
}

/** The error as the other end threw it; a server that is not ours gives no name, then the number decides. */
function fromWireError({ code, message, data }: WireError): RpcError {
  const details = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  const { name, ...rest } = details;
  const fallback = code === -32601 ? 'methodNotFound' : code === -32603 ? 'internal' : 'invalidRequest';
  return new RpcError(isErrorName(name) ? name : fallback, message, { data: rest });
}
