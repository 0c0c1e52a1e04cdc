import { randomUUID } from 'node:crypto';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { McpServerConfig } from '../../machines/mcp/mcp-config.ts';
import type { McpLaunch } from '../../machines/mcp/mcp-launch.ts';
import { type Callback, type HttpLaunch, knownAuthStatus, takesSignIn } from '../../machines/mcp/mcp-sign-in.ts';
import type { McpAuthStatus, McpLoginEnd } from '../../machines/protocol/methods/mcp-oauth.ts';
import type { Clock } from '../deps.ts';
import type { McpAddress, McpCredentials } from '../store/mcp-credentials.ts';
import { OauthCalls, type OauthWish } from './oauth-calls.ts';
import { OauthLogin } from './oauth-login.ts';
import type { OauthTokens } from './oauth-tokens.ts';

export interface McpOauthDeps {
  readonly credentials: McpCredentials;
  readonly tokens: OauthTokens;
  readonly clock: Clock;
  /** Tells every client how a sign-in ended. */
  readonly announce: (end: McpLoginEnd) => void;
  /** What runs is told, so that it starts again or stops. */
  readonly signedIn: (server: McpAddress) => void;
  readonly signedOut: (server: McpAddress) => void;
}

export interface McpLoginRequest {
  readonly callback: Callback;
  readonly wish: Omit<OauthWish, 'redirectUrl' | 'state'>;
  readonly threadId: string | null;
  readonly timeoutSecs: number;
}

export interface McpLogoutOutcome {
  readonly wasSignedIn: boolean;
  /** Whether the server was told, and took the tokens back. */
  readonly isRevoked: boolean;
  /** Why it was not. */
  readonly notice: string | null;
}

interface Attempt {
  readonly loginId: string;
  readonly cancel: (why: string) => void;
  readonly over: Promise<void>;
}

/** Asking a server how it is signed in to is for a list: a slow one is "unknown". */
const STATUS_LIMIT_MS = 5_000;

const keyOf = ({ name, url }: McpAddress): string => JSON.stringify([name, url]);

/** The one owner of the sign-ins at MCP servers: begins them, ends them, and knows how they stand. */
export class McpOauth {
  private readonly attempts = new Map<string, Attempt>();
  private isStopped = false;

  constructor(private readonly deps: McpOauthDeps) {}

  /**
   * Begins a sign-in that goes on by itself, and answers the address to open. A newer one for the same server ends it.
   * @throws RpcError mcpServerFailed, draining
   */
  async login(launch: HttpLaunch, request: McpLoginRequest): Promise<{ authorizationUrl: string; loginId: string }> {
    await this.cancel(launch, 'another sign-in to it began');
    if (this.isStopped) throw new RpcError('draining', 'the daemon stops');
    const { clock, credentials, signedIn } = this.deps;
    const loginId = randomUUID();
    const controller = new AbortController();
    const { callback, wish, timeoutSecs } = request;
    const login = new OauthLogin({
      launch,
      callback,
      wish,
      clock,
      signal: controller.signal,
      keep: (signIn) => credentials.alone(launch, () => credentials.write(launch, signIn)),
    });
    const begun = login.begin();
    const over = begun
      .then(() => {
        // The time that the person has, who has the address by now.
        const late = new Error(`nobody signed in within ${timeoutSecs} seconds`);
        const timer = clock.setTimeout(() => controller.abort(late), timeoutSecs * 1000);
        return login.end().finally(() => clock.clearTimeout(timer));
      })
      .finally(() => {
        if (this.attempts.get(keyOf(launch)) === attempt) this.attempts.delete(keyOf(launch));
      });
    const attempt: Attempt = {
      loginId,
      cancel: (why) => controller.abort(new Error(why)),
      over: over.catch(() => undefined),
    };
    this.attempts.set(keyOf(launch), attempt);
    try {
      const authorizationUrl = await begun;
      const { threadId } = request;
      const tell = (error: string | null) =>
        this.deps.announce({ name: launch.name, success: error === null, error, loginId, threadId });
      over.then(
        () => {
          signedIn(launch);
          tell(null);
        },
        (error: unknown) => tell(messageOf(error)),
      );
      return { authorizationUrl, loginId };
    } catch (error) {
      throw new RpcError('mcpServerFailed', `cannot sign in to the MCP server '${launch.name}': ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Ends a sign-in that waits for a person. False: it is over, or there was none. */
  cancelLogin(loginId: string): boolean {
    const attempt = [...this.attempts.values()].find((known) => known.loginId === loginId);
    attempt?.cancel('it was cancelled');
    return attempt !== undefined;
  }

  /** Takes the tokens back at the server, where it can be told, and erases them in any case. @throws RpcError */
  async logout(launch: HttpLaunch): Promise<McpLogoutOutcome> {
    await this.cancel(launch, 'you signed out of it');
    const { credentials, tokens, clock, signedOut } = this.deps;
    return credentials.alone(launch, async () => {
      const stored = await tokens.stored(launch);
      if (stored === null) return { wasSignedIn: false, isRevoked: false, notice: null };
      const calls = new OauthCalls(launch, clock);
      const notice = await calls.revoke(stored, new AbortController().signal).then(
        (isTold) => (isTold ? null : 'the server cannot be told of it: its token stays valid there until it runs out'),
        (error: unknown) => `its token could not be revoked, and stays valid there: ${messageOf(error)}`,
      );
      await credentials.erase(launch);
      signedOut(launch);
      return { wasSignedIn: true, isRevoked: notice === null, notice };
    });
  }

  /**
   * How a server is signed in to. @param launch null: it cannot be reached as configured
   * @param standing what its running says of that; null: it is asked
   */
  async statusOf(
    config: McpServerConfig,
    launch: McpLaunch | null,
    standing: McpAuthStatus | null,
  ): Promise<McpAuthStatus> {
    if (standing === 'notLoggedIn') return standing;
    const stored = launch && takesSignIn(launch) ? await this.deps.tokens.stored(launch) : null;
    const known = knownAuthStatus(config, launch, stored, this.deps.clock.now());
    if (known !== null || standing !== null) return known ?? standing ?? 'unknown';
    if (!launch || !takesSignIn(launch)) return 'unknown';
    try {
      const { info } = await new OauthCalls(launch, this.deps.clock).discover(null, STATUS_LIMIT_MS);
      return info.authorizationServerMetadata ? 'notLoggedIn' : 'unsupported';
    } catch {
      return 'unknown';
    }
  }

  /** Ends what waits for a person, and lets a refresh come to its end. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const { cancel } of this.attempts.values()) cancel('the daemon stops');
    await Promise.all([...this.attempts.values()].map(({ over }) => over));
    await this.deps.tokens.whenResting();
  }

  private async cancel(server: McpAddress, why: string): Promise<void> {
    const attempt = this.attempts.get(keyOf(server));
    attempt?.cancel(why);
    await attempt?.over;
  }
}
