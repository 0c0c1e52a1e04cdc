import * as v from 'valibot';
import { messageOf } from '../../machines/core/errors.ts';
import { VERSION } from '../../machines/core/version.ts';
import { type McpLaunch, secretsOf } from '../../machines/mcp/mcp-launch.ts';
import {
  type McpOffer,
  type McpPage,
  type McpTool,
  mcpServerInfo,
  mcpTool,
  readPage,
} from '../../machines/mcp/mcp-offer.ts';
import { loginCommand, SignInNeededError, takesSignIn } from '../../machines/mcp/mcp-sign-in.ts';
import { withDeadline } from '../deadline.ts';
import { redact } from '../log/redact.ts';
import { proxiedFetch } from '../proxied-fetch.ts';
import type { AskPeople } from './call-asks.ts';
import { type OauthTokens, type SignedFetch, signedFetch } from './oauth-tokens.ts';
import type { Client, ElicitResult, Transport } from './sdk.ts';
import { type StdioDeps, StdioTransport } from './stdio-transport.ts';

type Sdk = typeof import('./sdk.ts');

/** The limits are ours, on our clock: the SDK's own timer shall never be first. */
const NO_LIMIT_MS = 2 ** 31 - 1;
const GOODBYE_MS = 1_000;
const RELIST_LIMIT_MS = 10_000;
/** More pages than any list has. */
const MAX_PAGES = 100;

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** It may ask people: to fill in a form, to go to an address (agent.md §16). */
const CAPABILITIES = { elicitation: { form: {}, url: {} } };

/** A server that answered, and what it offers. */
export interface LiveServer {
  readonly offer: McpOffer;
  /** Aborting tells the server too. @throws Error with words that hold no secret */
  request(method: string, params: Readonly<Record<string, unknown>>, options: RequestOptions): Promise<unknown>;
  /** Settles when nothing of it is left. */
  close(): Promise<void>;
}

export interface LiveEvents {
  /** @param needsSignIn it answers only those who have signed in */
  readonly lost: (reason: string, needsSignIn: boolean) => void;
  readonly offerChanged: (offer: McpOffer) => void;
  /** It asks a person something. */
  readonly asked: AskPeople;
}

export type ConnectServer = (launch: McpLaunch, signal: AbortSignal, events: LiveEvents) => Promise<LiveServer>;

export interface ConnectDeps extends StdioDeps {
  readonly tokens: OauthTokens;
}

/** A function that starts or reaches servers. When its signal aborts, nothing of what it started stays. */
export function createConnectServer(deps: ConnectDeps): ConnectServer {
  return async (launch, signal, events) => {
    const sdk = await import('./sdk.ts');
    signal.throwIfAborted();
    return new Connector(sdk, launch, deps, events).connect(signal);
  };
}

class Connector {
  private readonly client: Client;
  private readonly transport: StdioTransport | InstanceType<Sdk['StreamableHTTPClientTransport']>;
  /** Null: its requests are signed as the configuration says, or not at all. */
  private readonly signed: SignedFetch | null;
  private isReady = false;
  private isClosing: Promise<void> | null = null;

  constructor(
    private readonly sdk: Sdk,
    private readonly launch: McpLaunch,
    private readonly deps: ConnectDeps,
    private readonly events: LiveEvents,
  ) {
    const info = { name: 'codex-mcp-client', title: 'Codex', version: VERSION };
    this.client = new sdk.Client(info, { capabilities: CAPABILITIES });
    // The cast: an answer was checked against what the server asked for.
    this.client.setRequestHandler(
      sdk.ElicitRequestSchema,
      async ({ params }, { signal }) => (await events.asked(params, signal)) as ElicitResult,
    );
    this.signed = takesSignIn(launch) ? signedFetch(launch, deps.tokens, proxiedFetch(launch.proxy)) : null;
    this.transport =
      launch.kind === 'stdio'
        ? new StdioTransport(launch, deps, new sdk.ReadBuffer(), sdk.serializeMessage)
        : new sdk.StreamableHTTPClientTransport(new URL(launch.url), {
            requestInit: { headers: launch.headers },
            fetch: this.signed?.fetch ?? proxiedFetch(launch.proxy),
          });
  }

  async connect(signal: AbortSignal): Promise<LiveServer> {
    const { client } = this;
    const stop = () => void this.close();
    signal.addEventListener('abort', stop, { once: true });
    client.onclose = () => this.noteEnd();
    try {
      // The cast: the SDK's own classes leave out what its interface allows to be undefined.
      await client.connect(this.transport as Transport, { signal, timeout: NO_LIMIT_MS });
      const offer = await this.readOffer(signal);
      signal.throwIfAborted();
      client.setNotificationHandler(this.sdk.ToolListChangedNotificationSchema, () => this.relist());
      if (this.hasEnded) throw new Error('ended');
      this.isReady = true;
      return { offer, request: (...request) => this.request(...request), close: () => this.close() };
    } catch (error) {
      await this.close();
      throw this.toError(error);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  private get hasEnded(): boolean {
    return this.client.transport === undefined;
  }

  private noteEnd(): void {
    if (this.isReady && !this.isClosing) this.tellLost(new Error('ended'));
  }

  private async request(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal, onProgress }: RequestOptions,
  ): Promise<unknown> {
    try {
      return await this.client.request({ method, params: { ...params } }, this.sdk.ResultSchema, {
        signal,
        timeout: NO_LIMIT_MS,
        ...(onProgress ? { onprogress: (progress) => onProgress(progressText(progress)) } : {}),
      });
    } catch (error) {
      signal.throwIfAborted();
      const known = this.toError(error);
      // What is no answer of the server: it cannot be reached, or knows this session no more.
      if (this.launch.kind === 'http' && !(error instanceof this.sdk.McpError)) this.tellLost(error);
      throw known;
    }
  }

  private async readOffer(signal: AbortSignal): Promise<McpOffer> {
    const capabilities = this.client.getServerCapabilities() ?? {};
    const info = v.safeParse(mcpServerInfo, this.client.getServerVersion());
    return {
      tools: capabilities.tools ? await this.listTools(signal) : [],
      serverInfo: info.success ? info.output : null,
      capabilities,
      instructions: this.client.getInstructions() ?? null,
    };
  }

  private async listTools(signal: AbortSignal): Promise<McpTool[]> {
    const tools: McpTool[] = [];
    let cursor: string | null = null;
    for (let count = 0; count < MAX_PAGES; count += 1) {
      const page: McpPage<McpTool> = await this.listSome(cursor, signal);
      tools.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    return tools;
  }

  private async listSome(cursor: string | null, signal: AbortSignal): Promise<McpPage<McpTool>> {
    const request = { method: 'tools/list', params: cursor === null ? {} : { cursor } };
    const answer = await this.client.request(request, this.sdk.ResultSchema, { signal, timeout: NO_LIMIT_MS });
    return readPage(answer, 'tools', mcpTool);
  }

  private relist(): void {
    withDeadline(null, RELIST_LIMIT_MS, this.deps.clock, (signal) => this.readOffer(signal)).then(
      (offer) => this.isClosing || this.events.offerChanged(offer),
      (error: unknown) => this.isClosing || this.tellLost(error),
    );
  }

  private close(): Promise<void> {
    this.isClosing ??= this.end();
    return this.isClosing;
  }

  private async end(): Promise<void> {
    const { transport } = this;
    if (transport instanceof StdioTransport) return transport.close();
    // A server that does not answer to a goodbye forgets the session by itself.
    const goodbye = () => transport.terminateSession();
    await withDeadline(null, GOODBYE_MS, this.deps.clock, goodbye).catch(() => undefined);
    await transport.close();
  }

  private tellLost(error: unknown): void {
    const known = this.toError(error);
    this.events.lost(known.message, known instanceof SignInNeededError);
  }

  private toError(error: unknown): Error {
    const { transport } = this;
    const why = transport instanceof StdioTransport && this.hasEnded ? transport.whyEnded() : this.inWords(error);
    const kind = this.lacksSignIn(error) ? SignInNeededError : Error;
    return new kind(redact(why, [...secretsOf(this.launch), ...(this.signed?.secrets() ?? [])]), { cause: error });
  }

  private lacksSignIn(error: unknown): boolean {
    const isTurnedAway = error instanceof this.sdk.StreamableHTTPError && error.code === 401;
    return error instanceof SignInNeededError || (this.signed !== null && isTurnedAway);
  }

  private inWords(error: unknown): string {
    const hint = `sign in with \`${loginCommand(this.launch.name)}\``;
    if (error instanceof SignInNeededError) return `${error.message}: ${hint}`;
    if (this.lacksSignIn(error)) return `it answered 401: ${hint}, or name a token for it (bearer_token_env_var)`;
    if (error instanceof this.sdk.StreamableHTTPError && (error.code === 401 || error.code === 403))
      return `it answered ${error.code}: its token is missing or not accepted (bearer_token_env_var, http_headers)`;
    const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
    return `${messageOf(error)}${cause}`;
  }
}

interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

function progressText({ progress, total, message }: Progress): string {
  return message ?? (total === undefined ? String(progress) : `${progress} of ${total}`);
}
