import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fromPromise } from 'xstate';
import type { AuthError } from '../../machines/auth/auth-error.ts';
import type { Login } from '../../machines/auth/auth-types.ts';
import { authorizeUrl } from '../../machines/auth/authorize-url.ts';
import type { SignIn } from '../../machines/auth/credentials.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { exchangeApiKey, exchangeCode } from '../auth/exchange-code.ts';
import type { LoginDesk } from '../auth/login-desk.ts';
import { type LoginListener, listenForBrowser } from '../auth/login-listener.ts';
import { type LoginProblem, problemOf, problemPage, sendPage, sendText, successPage } from '../auth/login-pages.ts';
import { isSameText } from '../auth/same-text.ts';
import type { CallDeps } from '../auth/token-call.ts';

export interface BrowserLoginDeps extends CallDeps {
  readonly desk: LoginDesk;
  readonly ports: readonly number[];
}

/** What the addresses that the browser asks for are below. */
const BASE = 'http://localhost';
/** How long the page after the sign-in can still be fetched. */
const LINGER_MS = 10_000;

/**
 * One sign-in with a browser (auth.md §4): listens, tells the address, and ends with the tokens. The browser's last
 * page waits until the machine has stored them, or says why it did not.
 */
export function createBrowserLogin(deps: BrowserLoginDeps) {
  return fromPromise<SignIn, { login: Login | null }>(async ({ input: { login }, signal }) => {
    if (!login) throw new Error('a browser login without a login');
    const attempt = new BrowserAttempt(deps, login, signal);
    return attempt.run();
  });
}

class BrowserAttempt {
  private readonly verifier = randomBytes(64).toString('base64url');
  private readonly state = randomBytes(32).toString('base64url');
  private readonly signIn: Promise<SignIn>;
  private resolve: (signIn: SignIn) => void = () => {};
  private reject: (error: unknown) => void = () => {};
  private listener: LoginListener | null = null;
  private isTaken = false;
  private isOver = false;

  constructor(
    private readonly deps: BrowserLoginDeps,
    private readonly login: Login,
    private readonly signal: AbortSignal,
  ) {
    this.signIn = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  async run(): Promise<SignIn> {
    const { clock, desk, ports } = this.deps;
    this.signIn.catch(() => {});
    this.listener = await listenForBrowser((request, response) => this.answer(request, response), {
      ports,
      clock,
      signal: this.signal,
    });
    this.signal.addEventListener('abort', () => this.fail(cancelled()), { once: true });
    if (this.signal.aborted) this.fail(cancelled());
    const challenge = createHash('sha256').update(this.verifier).digest('base64url');
    const { server, workspaces, id } = this.login;
    const authUrl = authorizeUrl({ server, redirectUri: this.redirectUri, challenge, state: this.state, workspaces });
    this.deps.note?.('waiting for the browser', { url: authUrl, port: this.listener.port });
    desk.tell(id, { type: 'chatgpt', authUrl });
    return this.signIn;
  }

  private get redirectUri(): string {
    return `http://localhost:${this.listener?.port ?? 0}/auth/callback`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.url ?? '/';
    if (!URL.canParse(asked, BASE)) return sendText(response, 404, 'Not Found');
    const url = new URL(asked, BASE);
    this.deps.note?.('the browser asked', { method: request.method ?? null, url: url.href });
    if (request.method !== 'GET') sendText(response, 404, 'Not Found');
    else if (url.pathname === '/auth/callback') void this.callback(url.searchParams, response);
    else if (url.pathname === '/cancel') {
      sendText(response, 200, 'Login cancelled');
      if (!this.isOver) this.fail(cancelled());
    } else if (url.pathname === '/success' && this.isOver) {
      sendPage(response, successPage());
      this.listener?.close();
    } else sendText(response, 404, 'Not Found');
  }

  private async callback(query: URLSearchParams, response: ServerResponse): Promise<void> {
    if (!isSameText(query.get('state') ?? '', this.state)) return sendText(response, 400, 'State mismatch');
    // The code is good once; a browser that comes again is told nothing new.
    if (this.isTaken) return sendText(response, 404, 'Not Found');
    this.isTaken = true;
    const error = query.get('error');
    const code = query.get('code');
    if (error !== null) return this.refuse(response, problemOf(error, query.get('error_description')));
    if (!code) return this.refuse(response, { ...FAILED, code: 'missing_authorization_code', description: null });
    try {
      await this.finish(code, response);
    } catch (failure) {
      this.refuse(response, { ...FAILED, code: 'token_exchange_failed', description: messageOf(failure) }, failure);
    }
  }

  private async finish(code: string, response: ServerResponse): Promise<void> {
    const { deps, login, signal, verifier, redirectUri } = this;
    const { server } = login;
    const tokens = await exchangeCode(deps, { code, verifier, redirectUri, server }, signal);
    const apiKey = await exchangeApiKey(deps, server, tokens.idToken, signal);
    const ended = deps.desk.endOf(login.id);
    this.resolve({ ...tokens, apiKey });
    const error = await ended;
    this.isOver = true;
    if (error === null) {
      response.writeHead(302, { location: '/success', connection: 'close' }).end();
      deps.clock.setTimeout(() => this.listener?.close(), LINGER_MS);
    } else {
      sendPage(response, problemPage(problemAfter(error)));
      this.listener?.close();
    }
  }

  private refuse(response: ServerResponse, problem: LoginProblem, cause?: unknown): void {
    sendPage(response, problemPage(problem));
    this.fail(cause ?? new RpcError('loginFailed', `Sign-in failed: ${problem.description ?? problem.code}`));
  }

  private fail(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.reject(error);
    this.listener?.close();
  }
}

const FAILED = { title: 'Sign-in failed', message: 'The sign-in could not be completed.' };

function problemAfter({ reason, stage, message }: AuthError): LoginProblem {
  const code = reason === 'loginDisabled' ? 'workspace_restriction' : stage === 'saving' ? 'persist_failed' : reason;
  return { ...FAILED, code, description: message };
}

const cancelled = (): RpcError => new RpcError('loginCancelled', 'Login cancelled');
