import { messageOf } from '../../machines/core/errors.ts';
import { secretsOf } from '../../machines/mcp/mcp-launch.ts';
import {
  type AskedSignIn,
  type HttpLaunch,
  type McpSignIn,
  SignInNeededError,
  secretsOfSignIn,
  withTokens,
} from '../../machines/mcp/mcp-sign-in.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import { redact } from '../log/redact.ts';
import { proxiedFetch } from '../proxied-fetch.ts';
import type { OAuthClientInformationMixed, OAuthServerInfo } from './sdk.ts';

/** For each step with an authorization server, all its requests together. */
const LIMIT_MS = 20_000;
const MAX_SAID_CHARS = 300;

/** What a server says of how it is signed in to. */
export interface OauthOffer {
  readonly info: OAuthServerInfo;
  /** Rights that it asks for. */
  readonly scope: string | undefined;
  /** Whether it turned a request away that carried no token. */
  readonly turnsAway: boolean;
}

/** What a person, or the configuration, wishes of a sign-in. */
export interface OauthWish {
  readonly redirectUrl: string;
  readonly state: string;
  readonly scopes: readonly string[] | null;
  /** A client that is known to the authorization server; null: one is registered. */
  readonly clientId: string | null;
  readonly resource: string | null;
}

/** A sign-in that waits for the person's answer. */
export interface BegunSignIn {
  readonly authorizationUrl: string;
  /** As the authorization server names itself. */
  readonly issuer: string | null;
  /** Changes the code that the browser brought into tokens. */
  finish(code: string): Promise<McpSignIn>;
}

/**
 * The conversations with the authorization server of one MCP server, by the SDK's means. Headers of the configuration
 * go to the MCP server's own origin only. Every failure is an error whose text may be shown.
 */
export class OauthCalls {
  constructor(
    private readonly launch: HttpLaunch,
    private readonly clock: Clock,
  ) {}

  /** Asks the server without a token, then looks for its authorization server. */
  discover(signal: AbortSignal | null, limitMs = LIMIT_MS): Promise<OauthOffer> {
    return this.limited(signal, limitMs, [], async (sdk, fetchFn) => {
      const probe = await fetchFn(this.launch.url, { headers: { accept: 'text/event-stream' } });
      await probe.body?.cancel();
      const { resourceMetadataUrl, scope } = sdk.extractWWWAuthenticateParams(probe);
      const found = { fetchFn, ...(resourceMetadataUrl ? { resourceMetadataUrl } : {}) };
      const info = await sdk.discoverOAuthServerInfo(this.launch.url, found);
      return {
        info,
        scope: scope ?? info.resourceMetadata?.scopes_supported?.join(' '),
        turnsAway: probe.status === 401,
      };
    });
  }

  /** @throws Error also for a server that has nothing to sign in to */
  async begin(wish: OauthWish, signal: AbortSignal): Promise<BegunSignIn> {
    const { info, ...offer } = await this.discover(signal);
    const { authorizationServerUrl: issuer, authorizationServerMetadata: metadata } = info;
    if (!metadata && !offer.turnsAway) throw new Error('it asks nobody to sign in');
    const scope = wish.scopes?.join(' ') ?? offer.scope;
    const about = { ...(metadata ? { metadata } : {}), ...(scope === undefined ? {} : { scope }) };
    return this.limited(signal, LIMIT_MS, [], async (sdk, fetchFn) => {
      const resource = wish.resource ?? (await this.resourceOf(info));
      const { redirectUrl, state } = wish;
      const client: OAuthClientInformationMixed =
        wish.clientId === null
          ? await sdk.registerClient(issuer, { ...about, clientMetadata: clientMetadata(redirectUrl), fetchFn })
          : { client_id: wish.clientId };
      const { authorizationUrl, codeVerifier } = await sdk.startAuthorization(issuer, {
        ...about,
        clientInformation: client,
        redirectUrl,
        state,
        ...(resource === null ? {} : { resource }),
      });
      const signIn = {
        server_name: this.launch.name,
        server_url: this.launch.url,
        issuer,
        client_id: client.client_id,
        client_secret: client.client_secret ?? null,
        resource,
        scopes: scope?.split(' ').filter(Boolean) ?? [],
      };
      return {
        authorizationUrl: authorizationUrl.href,
        issuer: metadata?.issuer ?? null,
        finish: (code) => this.exchange(signIn, { code, codeVerifier, redirectUrl, info }, signal),
      };
    });
  }

  /** @throws SignInNeededError when the refresh token is good no more */
  async refresh(signIn: McpSignIn, signal: AbortSignal): Promise<McpSignIn> {
    const refreshToken = signIn.refresh_token;
    if (refreshToken == null) throw new SignInNeededError('its sign-in is not accepted any more');
    const info = await this.serverOf(signIn, signal);
    const resource = signIn.resource ?? (await this.resourceOf(info));
    return this.limited(signal, LIMIT_MS, secretsOfSignIn(signIn), async (sdk, fetchFn) => {
      try {
        const tokens = await sdk.refreshAuthorization(info.authorizationServerUrl, {
          ...(info.authorizationServerMetadata ? { metadata: info.authorizationServerMetadata } : {}),
          clientInformation: clientOf(signIn),
          refreshToken,
          ...(resource === null ? {} : { resource }),
          fetchFn,
        });
        return withTokens(signIn, tokens, this.clock.now());
      } catch (error) {
        const isRefused = [sdk.InvalidGrantError, sdk.InvalidClientError, sdk.UnauthorizedClientError].some(
          (kind) => error instanceof kind,
        );
        throw isRefused ? new SignInNeededError('its sign-in is not accepted any more', { cause: error }) : error;
      }
    });
  }

  /** Takes the tokens back at the server. False: it has no place for that. */
  async revoke(signIn: McpSignIn, signal: AbortSignal): Promise<boolean> {
    const { authorizationServerMetadata: metadata } = await this.serverOf(signIn, signal);
    const place = metadata && 'revocation_endpoint' in metadata ? metadata.revocation_endpoint : undefined;
    if (place === undefined) return false;
    return this.limited(signal, LIMIT_MS, secretsOfSignIn(signIn), async (sdk, fetchFn) => {
      const client = clientOf(signIn);
      const token: readonly [string, string] =
        signIn.refresh_token == null ? ['access_token', signIn.access_token] : ['refresh_token', signIn.refresh_token];
      const body = new URLSearchParams({ token_type_hint: token[0], token: token[1], client_id: client.client_id });
      const headers = new Headers({ accept: 'application/json' });
      const method = sdk.selectClientAuthMethod(client, metadata?.token_endpoint_auth_methods_supported ?? []);
      const secret = client.client_secret ?? '';
      if (method === 'client_secret_basic') headers.set('authorization', basic(client.client_id, secret));
      if (method === 'client_secret_post') body.set('client_secret', secret);
      const answer = await fetchFn(place, { method: 'POST', headers, body, redirect: 'manual' });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      return true;
    });
  }

  private exchange(
    signIn: AskedSignIn,
    by: { code: string; codeVerifier: string; redirectUrl: string; info: OAuthServerInfo },
    signal: AbortSignal,
  ): Promise<McpSignIn> {
    const { code, codeVerifier, redirectUrl, info } = by;
    const secrets = [code, codeVerifier, signIn.client_secret ?? []].flat();
    return this.limited(signal, LIMIT_MS, secrets, async (sdk, fetchFn) => {
      const tokens = await sdk.exchangeAuthorization(info.authorizationServerUrl, {
        ...(info.authorizationServerMetadata ? { metadata: info.authorizationServerMetadata } : {}),
        clientInformation: clientOf(signIn),
        authorizationCode: code,
        codeVerifier,
        redirectUri: redirectUrl,
        ...(signIn.resource == null ? {} : { resource: signIn.resource }),
        fetchFn,
      });
      return withTokens(signIn, tokens, this.clock.now());
    });
  }

  /** The server that gave a sign-in: its tokens go nowhere else, whatever the MCP server says by now. */
  private async serverOf({ issuer }: McpSignIn, signal: AbortSignal): Promise<OAuthServerInfo> {
    if (issuer == null) return (await this.discover(signal)).info;
    return this.limited(signal, LIMIT_MS, [], async (sdk, fetchFn) => {
      const metadata = await sdk.discoverAuthorizationServerMetadata(issuer, { fetchFn });
      return {
        authorizationServerUrl: issuer,
        ...(metadata ? { authorizationServerMetadata: metadata } : {}),
      };
    });
  }

  /** What the tokens shall be good for: the server itself, or a place that it lies in. */
  private async resourceOf({ resourceMetadata }: OAuthServerInfo): Promise<string | null> {
    if (!resourceMetadata) return null;
    const { checkResourceAllowed, resourceUrlFromServerUrl } = await import('./sdk.ts');
    const { resource } = resourceMetadata;
    const asked = { requestedResource: resourceUrlFromServerUrl(this.launch.url), configuredResource: resource };
    if (checkResourceAllowed(asked)) return resource;
    throw new Error(`it says that it is ${resource}, which is another server`);
  }

  /** @param secrets that an answer may repeat */
  private async limited<T>(
    signal: AbortSignal | null,
    limitMs: number,
    secrets: readonly string[],
    run: (sdk: typeof import('./sdk.ts'), fetchFn: typeof fetch) => Promise<T>,
  ): Promise<T> {
    const sdk = await import('./sdk.ts');
    try {
      return await withDeadline(signal, limitMs, this.clock, (limited) => run(sdk, this.fetchWithin(limited)));
    } catch (error) {
      signal?.throwIfAborted();
      const kind = error instanceof SignInNeededError ? SignInNeededError : Error;
      const said = redact(this.inWords(error), [...secrets, ...secretsOf(this.launch)]).slice(0, MAX_SAID_CHARS);
      throw new kind(said, { cause: error });
    }
  }

  private inWords(error: unknown): string {
    const code = error instanceof Error && 'errorCode' in error ? String(error.errorCode) : null;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : null;
    return [code, messageOf(error), cause].filter(Boolean).join(': ');
  }

  private fetchWithin(signal: AbortSignal): typeof fetch {
    const { origin } = new URL(this.launch.url);
    const plain = proxiedFetch(this.launch.proxy);
    return (input, init) => {
      const headers = new Headers(init?.headers);
      const isOwn = new URL(String(input)).origin === origin;
      for (const [name, value] of isOwn ? Object.entries(this.launch.headers) : [])
        if (!headers.has(name)) headers.set(name, value);
      return plain(input, { redirect: 'manual', ...init, headers, signal });
    };
  }
}

const basic = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

const clientMetadata = (redirectUrl: string) => ({
  client_name: 'Codex',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

function clientOf({ client_id, client_secret }: AskedSignIn): OAuthClientInformationMixed {
  return { client_id, ...(client_secret == null ? {} : { client_secret }) };
}
