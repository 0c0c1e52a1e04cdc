import { RpcError } from '../../machines/core/errors.ts';
import { checkAgainst, type ParamsOf, type ResultOf } from '../../machines/protocol/define.ts';
import { dynamicToolCall } from '../../machines/protocol/methods/dynamic-tool.ts';
import type { Peer } from '../../machines/protocol/peer.ts';
import type { DynamicToolSpec } from '../../machines/protocol/types/dynamic-tool.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';

/** How long a client may take for one call. */
export const DYNAMIC_TOOL_TIMEOUT_MS = 120_000;
/** Threads that are remembered after the client with their tools left. */
const MAX_LEFT = 100;

/** A client that answers calls, over its connection. */
export interface ToolHost {
  readonly peer: Pick<Peer, 'request' | 'forget'>;
}

interface Declared {
  /** Null: it has left. */
  readonly host: ToolHost | null;
  readonly specs: readonly DynamicToolSpec[];
}

/** The tools that clients declared for threads that they started, and answer themselves while they are connected. */
export class DynamicTools {
  private readonly threads = new Map<string, Declared>();
  private calls = 0;

  constructor(private readonly clock: Clock) {}

  declare(threadId: string, host: ToolHost, specs: readonly DynamicToolSpec[]): void {
    if (specs.length > 0) this.threads.set(threadId, { host, specs });
  }

  /** What is offered in a thread now. */
  offered(threadId: string): readonly DynamicToolSpec[] {
    const declared = this.threads.get(threadId);
    return declared?.host ? declared.specs : [];
  }

  /** What the model of a thread may know of, also from a client that has left. */
  known(threadId: string): readonly DynamicToolSpec[] {
    return this.threads.get(threadId)?.specs ?? [];
  }

  /**
   * Asks the client. @throws RpcError connectionClosed when it left, as its error says, internal for what is no answer;
   * DeadlineError; the reason of `signal`
   */
  async call(params: ParamsOf<typeof dynamicToolCall>, signal: AbortSignal): Promise<ResultOf<typeof dynamicToolCall>> {
    const host = this.threads.get(params.threadId)?.host;
    if (!host) throw new RpcError('connectionClosed', 'the client that offered this tool has left');
    this.calls += 1;
    const id = `tool-call-${this.calls}`;
    try {
      const answer = await withDeadline(signal, DYNAMIC_TOOL_TIMEOUT_MS, this.clock, () =>
        host.peer.request(dynamicToolCall, params, id),
      );
      const checked = checkAgainst(dynamicToolCall.result, answer);
      if (!checked.ok) throw new RpcError('internal', `the client's answer cannot be read: ${checked.why}`);
      return checked.value as ResultOf<typeof dynamicToolCall>;
    } finally {
      host.peer.forget(id);
    }
  }

  endFor(host: ToolHost): void {
    for (const [threadId, declared] of this.threads) {
      if (declared.host !== host) continue;
      this.threads.delete(threadId);
      this.threads.set(threadId, { ...declared, host: null });
    }
    const left = [...this.threads].filter(([, declared]) => declared.host === null);
    for (const [threadId] of left.slice(0, Math.max(0, left.length - MAX_LEFT))) this.threads.delete(threadId);
  }
}
