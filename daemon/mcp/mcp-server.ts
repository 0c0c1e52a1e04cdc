import { type ActorRefFrom, createActor, fromPromise, type InspectionEvent, waitFor } from 'xstate';
import type { McpLaunch } from '../../machines/mcp/mcp-launch.ts';
import type { McpOffer } from '../../machines/mcp/mcp-offer.ts';
import { type McpServerEvent, type McpServerInput, mcpServerMachine } from '../../machines/mcp/mcp-server-machine.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import { type AskPeople, CallAsks } from './call-asks.ts';
import type { ConnectServer, LiveServer, RequestOptions } from './connect-server.ts';

export type McpState = 'starting' | 'ready' | 'restarting' | 'failed' | 'stopped';

export interface McpServerDeps {
  readonly clock: Clock;
  readonly connect: ConnectServer;
  readonly onChange: (server: McpServer) => void;
  /** Hears of its actor. */
  readonly inspect: (event: InspectionEvent) => void;
  readonly onInternalError: (error: unknown, where: string) => void;
}

export interface CallOptions extends RequestOptions {
  /** No time of it passes while people are asked. */
  readonly limitMs: number;
  /** Puts to people what the server asks meanwhile; left out, nobody is asked. */
  readonly onAsked?: AskPeople | undefined;
}

/** One server that the daemon runs: its machine, and what is open to it now. */
export class McpServer {
  private readonly actor: ActorRefFrom<typeof mcpServerMachine>;
  private live: LiveServer | null = null;
  private readonly closing = new Set<Promise<void>>();
  private readonly asks: CallAsks;

  constructor(
    readonly launch: McpLaunch,
    input: McpServerInput,
    private readonly deps: McpServerDeps,
  ) {
    this.asks = new CallAsks(deps.clock);
    const machine = mcpServerMachine.provide({
      actors: { startServer: fromPromise(({ signal }) => this.start(signal)) },
      actions: { endServer: () => this.end() },
    });
    this.actor = createActor(machine, { id: `mcp ${launch.name}`, input, clock: deps.clock, inspect: deps.inspect });
    this.actor.subscribe({
      next: () => deps.onChange(this),
      error: (error) => deps.onInternalError(error, `MCP server ${launch.name}`),
    });
    this.actor.start();
  }

  get state(): McpState {
    const { value } = this.actor.getSnapshot();
    return (typeof value === 'string' ? value : Object.keys(value)[0]) as McpState;
  }

  /** What it offers, or offered before it was lost; null when it never did. */
  get offer(): McpOffer | null {
    return this.actor.getSnapshot().context.offer;
  }

  /** Why it failed, or was lost. */
  get error(): string | null {
    return this.actor.getSnapshot().context.error;
  }

  /** Whether it failed because nobody is signed in to it. */
  get needsSignIn(): boolean {
    return this.actor.getSnapshot().context.needsSignIn;
  }

  send(event: McpServerEvent): void {
    this.actor.send(event);
  }

  /** Settles when it is not being started any more. @throws the signal's reason */
  async whenStarted(signal: AbortSignal): Promise<void> {
    await waitFor(this.actor, (snapshot) => !snapshot.matches('starting'), { signal });
  }

  /**
   * Asks it something, within a limit. One that is being started (again) is waited for.
   * @throws Error in words; DeadlineError; the signal's reason
   */
  request(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { limitMs, onAsked, ...options }: CallOptions,
  ): Promise<unknown> {
    const run = (clock: Clock) =>
      withDeadline(options.signal, limitMs, clock, async (signal) => {
        const live = await this.usable(signal);
        return live.request(method, params, { ...options, signal });
      });
    return onAsked ? this.asks.during(onAsked, () => run(this.asks.clock)) : run(this.deps.clock);
  }

  /** Settles when nothing of it is left. */
  async stop(): Promise<void> {
    this.actor.send({ type: 'stop' });
    await this.whenGone();
  }

  /** Settles when what it has ended so far is gone. */
  async whenGone(): Promise<void> {
    await Promise.all(this.closing);
  }

  private async usable(signal: AbortSignal): Promise<LiveServer> {
    await waitFor(this.actor, (snapshot) => !snapshot.matches('starting') && !snapshot.matches('restarting'), {
      signal,
    });
    if (this.live) return this.live;
    throw new Error(`the MCP server ${this.launch.name} does not run${this.error === null ? '' : `: ${this.error}`}`);
  }

  private async start(signal: AbortSignal): Promise<McpOffer> {
    const started = this.deps.connect(this.launch, signal, {
      lost: (reason, needsSignIn) => this.actor.send({ type: 'lost', reason, needsSignIn }),
      offerChanged: (offer) => this.actor.send({ type: 'offerChanged', offer }),
      asked: (params, given) => this.asks.put(params, given),
    });
    // A start that is given up is over only when what it began is gone.
    this.track(
      started.then(
        () => undefined,
        () => undefined,
      ),
    );
    this.live = await started;
    return this.live.offer;
  }

  private end(): void {
    const { live } = this;
    this.live = null;
    if (live) this.track(live.close());
  }

  private track(gone: Promise<void>): void {
    const settled = gone
      .catch((error: unknown) => this.deps.onInternalError(error, `MCP server ${this.launch.name}`))
      .finally(() => this.closing.delete(settled));
    this.closing.add(settled);
  }
}
