import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Callback, type HttpLaunch, type McpSignIn, readCallback } from '../../machines/mcp/mcp-sign-in.ts';
import { type LoginListener, listenForBrowser } from '../auth/login-listener.ts';
import { problemOf, problemPage, sendPage, sendText, signedInPage } from '../auth/login-pages.ts';
import { isSameText } from '../auth/same-text.ts';
import type { Clock } from '../deps.ts';
import { type BegunSignIn, OauthCalls, type OauthWish } from './oauth-calls.ts';

export interface OauthLoginOptions {
  readonly launch: HttpLaunch;
  readonly callback: Callback;
  readonly wish: Omit<OauthWish, 'redirectUrl' | 'state'>;
  readonly clock: Clock;
  /** Ends the attempt, whatever it waits for. */
  readonly signal: AbortSignal;
  /** Keeps what came of it; the browser's page waits for that. */
  readonly keep: (signIn: McpSignIn) => Promise<void>;
}

/** What the addresses that the browser asks for are below. */
const BASE = 'http://127.0.0.1';

/**
 * One sign-in at an MCP server: a listener on loopback that hears one answer with the state that was sent along. The
 * listener is closed in every end.
 */
export class OauthLogin {
  private readonly state = randomBytes(32).toString('base64url');
  private readonly settled: Promise<void>;
  private resolve: () => void = () => {};
  private reject: (error: unknown) => void = () => {};
  private listener: LoginListener | null = null;
  private begun: BegunSignIn | null = null;

  constructor(private readonly options: OauthLoginOptions) {
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.settled.catch(() => {});
  }

  /** Answers the address that the person has to open. @throws Error in words, when it cannot begin */
  async begin(): Promise<string> {
    const { launch, callback, wish, clock, signal } = this.options;
    try {
      this.listener = await listenForBrowser((request, response) => void this.answer(request, response), {
        ports: [callback.port],
        clock,
        signal,
      });
      signal.addEventListener('abort', () => this.reject(signal.reason), { once: true });
      signal.throwIfAborted();
      const redirectUrl = `${BASE}:${this.listener.port}${callback.path}`;
      this.begun = await new OauthCalls(launch, clock).begin({ ...wish, redirectUrl, state: this.state }, signal);
      return this.begun.authorizationUrl;
    } catch (error) {
      this.listener?.close();
      throw error;
    }
  }

  /** Settles when the sign-in is kept. @throws Error in words; the signal's reason */
  async end(): Promise<void> {
    try {
      await this.settled;
    } finally {
      this.listener?.close();
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = request.url ?? '/';
    const url = URL.canParse(asked, BASE) ? new URL(asked, BASE) : null;
    const { begun } = this;
    if (request.method !== 'GET' || url?.pathname !== this.options.callback.path || begun === null)
      return sendText(response, 404, 'Not Found');
    const { searchParams } = url;
    const isOurs = isSameText(searchParams.get('state') ?? '', this.state);
    const outcome = readCallback(searchParams, isOurs, begun.issuer);
    if (outcome.kind === 'ignored') return sendText(response, 400, outcome.why);
    // The code is good once; a browser that comes again is told nothing new.
    this.begun = null;
    try {
      if (outcome.kind === 'refused') throw new Error(outcome.error);
      await this.options.keep(await begun.finish(outcome.code));
      sendPage(response, signedInPage(this.options.launch.name));
      this.resolve();
    } catch (error) {
      sendPage(response, problemPage(problemOf('sign_in_failed', error instanceof Error ? error.message : null)));
      this.reject(error);
    }
  }
}
