import {
  type HttpLaunch,
  isRunOut,
  type McpSignIn,
  SignInNeededError,
  secretsOfSignIn,
} from '../../machines/mcp/mcp-sign-in.ts';
import type { Clock } from '../deps.ts';
import type { McpAddress, McpCredentials } from '../store/mcp-credentials.ts';
import { OauthCalls } from './oauth-calls.ts';

export interface OauthTokensDeps {
  readonly credentials: McpCredentials;
  readonly clock: Clock;
  /** What failed beside the work, for the log; it never holds a secret. */
  readonly warn: (what: string, error: unknown) => void;
}

/**
 * The tokens that requests to MCP servers are signed with. A refresh is one for all who wait for it, and does not end
 * with them: a token that was spent and not kept would sign the person out.
 */
export class OauthTokens {
  private readonly refreshes = new Map<string, Promise<McpSignIn | null>>();
  /** What a refresh gave and the disk did not take, under the refresh token that was spent for it. */
  private readonly unwritten = new Map<string, McpSignIn>();

  constructor(private readonly deps: OauthTokensDeps) {}

  /** A sign-in whose token is good for now; null: nobody is signed in. @throws SignInNeededError, Error in words */
  async current(launch: HttpLaunch): Promise<McpSignIn | null> {
    const stored = await this.stored(launch);
    return stored && isRunOut(stored, this.deps.clock.now()) ? this.renewed(launch, stored.access_token) : stored;
  }

  /**
   * After a server turned a token away (null: it was asked without one): another one, that another program may have
   * got. Null: there is none. @throws SignInNeededError, Error in words
   */
  renewed(launch: HttpLaunch, rejected: string | null): Promise<McpSignIn | null> {
    const key = JSON.stringify([launch.name, launch.url, rejected]);
    const running = this.refreshes.get(key);
    if (running) return running;
    const started = this.renew(launch, rejected).finally(() => this.refreshes.delete(key));
    this.refreshes.set(key, started);
    return started;
  }

  /** What is kept for a server. @throws RpcError authUnreadable */
  async stored(server: McpAddress): Promise<McpSignIn | null> {
    const stored = await this.deps.credentials.read(server);
    return (stored?.refresh_token && this.unwritten.get(stored.refresh_token)) || stored;
  }

  /** Settles when no refresh is under way. */
  async whenResting(): Promise<void> {
    await Promise.allSettled(this.refreshes.values());
  }

  private async renew(launch: HttpLaunch, rejected: string | null): Promise<McpSignIn | null> {
    const { credentials } = this.deps;
    const isOther = (kept: McpSignIn) => kept.access_token !== rejected;
    const before = await this.stored(launch);
    if (before === null || isOther(before)) return before;
    if (before.refresh_token == null) throw new SignInNeededError(REFUSED);
    return credentials.alone(launch, async () => {
      const stored = await this.stored(launch);
      if (stored === null || isOther(stored)) return stored;
      try {
        const fresh = await new OauthCalls(launch, this.deps.clock).refresh(stored, NEVER);
        await this.keep(launch, stored, fresh);
        return fresh;
      } catch (error) {
        if (!(error instanceof SignInNeededError)) throw error;
        // What the server accepts no more is not offered to it again.
        await credentials.write(launch, { ...stored, refresh_token: null, expires_at: this.deps.clock.now() });
        throw error;
      }
    });
  }

  private async keep(launch: HttpLaunch, spent: McpSignIn, fresh: McpSignIn): Promise<void> {
    try {
      await this.deps.credentials.write(launch, fresh);
    } catch (error) {
      if (spent.refresh_token != null) this.unwritten.set(spent.refresh_token, fresh);
      this.deps.warn(`the sign-in at the MCP server ${launch.name} is only in memory`, error);
    }
  }
}

const REFUSED = 'its sign-in is not accepted any more';
const NEVER = new AbortController().signal;

/** A `fetch` that signs its requests. */
export interface SignedFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Values that it has sent, and that must not be seen in a message. */
  readonly secrets: () => readonly string[];
}

/** Signs with the person's sign-in, if there is one; after a 401 once more, with another token. */
export function signedFetch(launch: HttpLaunch, tokens: OauthTokens, plain: typeof globalThis.fetch): SignedFetch {
  const used = new Set<string>();
  const send = (input: string | URL | Request, init: RequestInit | undefined, signIn: McpSignIn | null) => {
    const headers = new Headers(init?.headers);
    for (const secret of signIn ? secretsOfSignIn(signIn) : []) used.add(secret);
    if (signIn) headers.set('authorization', `Bearer ${signIn.access_token}`);
    return plain(input, { ...init, headers });
  };
  return {
    secrets: () => [...used],
    fetch: async (input, init) => {
      const signIn = await tokens.current(launch);
      const answer = await send(input, init, signIn);
      if (answer.status !== 401) return answer;
      const other = await tokens.renewed(launch, signIn?.access_token ?? null);
      if (other === null) return answer;
      await answer.body?.cancel();
      return send(input, init, other);
    },
  };
}
