import { parseJson } from '../../machines/auth/parse-json.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { ProxySettings } from '../../machines/core/proxy.ts';
import { rateLimitsFromHeaders, rateLimitsFromUsage, usageUrl } from '../../machines/model/rate-limits.ts';
import type { RateLimits } from '../../machines/protocol/methods/account-limits.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import { proxiedFetch } from '../proxied-fetch.ts';
import { causeText, readText } from './read-response.ts';
import type { ModelAuth } from './request-headers.ts';

type Bearer = Extract<ModelAuth, { kind: 'bearer' }>;

/** How the backend is asked for one client. */
export interface LimitsRequest {
  readonly getAuth: () => Promise<ModelAuth>;
  /** After a 401; null when there is nothing to renew. */
  readonly recoverAuth: (rejected: ModelAuth) => Promise<ModelAuth | null>;
  /** `chatgpt_base_url` of the configuration. */
  readonly baseUrl: string | undefined;
  readonly proxy: ProxySettings | null;
  readonly originator: string;
  readonly userAgent: string;
}

const LIMIT_MS = 10_000;
const MAX_BODY_CHARS = 256 * 1024;

/** What is known of the limits of a ChatGPT plan: the last that the model's answers said, and what the backend says. */
export class AccountLimits {
  private seen: { readonly accountId: string; readonly limits: RateLimits } | null = null;

  constructor(private readonly clock: Clock) {}

  /** Takes note of an answer's headers. Only a ChatGPT sign-in has such limits. */
  note(headers: Headers, auth: ModelAuth): void {
    if (auth.kind !== 'bearer' || auth.accountId === null) return;
    const limits = rateLimitsFromHeaders(headers, this.nowSeconds);
    if (limits) this.seen = { accountId: auth.accountId, limits };
  }

  /** The last that was seen, of whatever account; null before that. */
  get last(): RateLimits | null {
    return this.seen?.limits ?? null;
  }

  /** Another account, or none. */
  forget(): void {
    this.seen = null;
  }

  /** @throws RpcError `notLoggedIn`, `rateLimitsUnknown` */
  async read(request: LimitsRequest): Promise<{ readonly limits: RateLimits; readonly accountId: string | null }> {
    const auth = await request.getAuth();
    // An API key has no account of a plan.
    if (auth.kind !== 'bearer' || auth.accountId === null) throw chatgptNeeded();
    const { accountId } = auth;
    try {
      return { limits: await this.ask(request, auth), accountId };
    } catch (error) {
      if (this.seen?.accountId === accountId) return { limits: this.seen.limits, accountId };
      throw new RpcError('rateLimitsUnknown', `the rate limits could not be read: ${messageOf(error)}`);
    }
  }

  private async ask(request: LimitsRequest, auth: Bearer): Promise<RateLimits> {
    const first = await this.call(request, auth);
    if (first.status !== 401) return this.limitsOf(first);
    const renewed = await request.recoverAuth(auth);
    return this.limitsOf(renewed?.kind === 'bearer' ? await this.call(request, renewed) : first);
  }

  private limitsOf({ status, text }: Answer): RateLimits {
    if (status !== 200) throw new Error(`the server answered ${status}`);
    const limits = rateLimitsFromUsage(parseJson(text), this.nowSeconds);
    if (!limits) throw new Error('the answer cannot be read');
    return limits;
  }

  private async call({ baseUrl, proxy, originator, userAgent }: LimitsRequest, auth: Bearer): Promise<Answer> {
    const headers = {
      accept: 'application/json',
      originator,
      'user-agent': userAgent,
      authorization: `Bearer ${auth.token}`,
      ...(auth.accountId !== null && { 'chatgpt-account-id': auth.accountId }),
    };
    return withDeadline(null, LIMIT_MS, this.clock, async (signal) => {
      // No redirect is followed: it would carry the token to a host that nobody named.
      const response = await proxiedFetch(proxy)(usageUrl(baseUrl), { headers, redirect: 'manual', signal });
      return { status: response.status, text: await readText(response.body, MAX_BODY_CHARS) };
    }).catch((error: unknown) => {
      throw new Error(causeText(error));
    });
  }

  private get nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** For whoever is signed in otherwise, or not at all. */
export function chatgptNeeded(): RpcError {
  return new RpcError('notLoggedIn', 'rate limits are those of a ChatGPT sign-in: run `codex login`');
}
