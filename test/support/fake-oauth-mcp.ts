import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpMcp, startHttpMcp } from './fake-mcp.ts';
import { until } from './start-daemon.ts';

export type OauthEndpoint = 'register' | 'token' | 'revoke';

export interface OauthRequest {
  readonly endpoint: OauthEndpoint;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface OauthOptions {
  /** Of the access tokens it gives. */
  readonly lifeSeconds?: number;
  /** Whether it takes in clients that it does not know, and takes tokens back. */
  readonly registers?: boolean;
  readonly revokes?: boolean;
  /** Whether it gives clients a secret, which they must show. */
  readonly givesSecret?: boolean;
}

/** An MCP server that wants to be signed in to, with its own authorization server on the same port. */
export interface OauthMcp extends HttpMcp {
  readonly requests: readonly OauthRequest[];
  readonly to: (endpoint: OauthEndpoint) => readonly OauthRequest['body'][];
  /** What browsers were sent with. */
  readonly asked: readonly URLSearchParams[];
  /** Every token, code, secret and verifier that was ever given or sent. */
  readonly secrets: ReadonlySet<string>;
  /** Refresh tokens that are neither spent nor revoked. */
  readonly live: ReadonlySet<string>;
  /** The person says no; or the answer goes back with another state. */
  answerNext: 'yes' | 'denied' | 'wrongState';
  /** Gives tokens, as to another program. */
  grant(): { readonly access_token: string; readonly refresh_token: string };
  /** Access tokens given so far are good no more. */
  expire(): void;
  /** As after a break-in: no token that was given is good any more. */
  forgetTokens(): void;
  /** This endpoint answers with this status until told otherwise. */
  fail(endpoint: OauthEndpoint, status: number | null): void;
  /** Holds answers of this endpoint back until the returned function is called. */
  hold(endpoint: OauthEndpoint): () => void;
  readonly whenAsked: (endpoint: OauthEndpoint, count: number) => Promise<void>;
}

const WELL_KNOWN = '/.well-known/';

/** Tokens and codes look like none of the daemon's own, so that no rule finds them but the one that knows them. */
export async function startOauthMcp({
  lifeSeconds = 3600,
  registers = true,
  revokes = true,
  givesSecret = false,
}: OauthOptions = {}): Promise<OauthMcp> {
  const requests: OauthRequest[] = [];
  const asked: URLSearchParams[] = [];
  const secrets = new Set<string>();
  const live = new Set<string>();
  const good = new Set<string>();
  const clients = new Map<string, string | null>();
  const codes = new Map<string, URLSearchParams>();
  const failing = new Map<OauthEndpoint, number>();
  const holds = new Map<OauthEndpoint, Promise<void>>();
  let count = 0;
  const secret = (kind: string): string => {
    count += 1;
    const made = `${kind}${count}OFTHETEST`;
    secrets.add(made);
    return made;
  };

  const issue = () => {
    const [access_token, refresh_token] = [secret('ACCESS'), secret('REFRESH')];
    good.add(access_token);
    live.add(refresh_token);
    return { access_token, refresh_token, token_type: 'Bearer', expires_in: lifeSeconds, scope: 'read' };
  };

  function token(body: Readonly<Record<string, unknown>>, basic: string | null): readonly [number, unknown] {
    const clientId = basic?.split(':')[0] ?? String(body.client_id);
    if (!clients.has(clientId) || (clients.get(clientId) ?? null) !== (basic?.split(':')[1] ?? null))
      return [401, { error: 'invalid_client' }];
    if (body.grant_type === 'refresh_token')
      return live.delete(String(body.refresh_token)) ? [200, issue()] : [400, { error: 'invalid_grant' }];
    const wanted = codes.get(String(body.code));
    codes.delete(String(body.code));
    const challenge = createHash('sha256').update(String(body.code_verifier)).digest('base64url');
    secrets.add(String(body.code_verifier));
    const isGood = wanted?.get('code_challenge') === challenge && wanted.get('redirect_uri') === body.redirect_uri;
    return isGood ? [200, issue()] : [400, { error: 'invalid_grant', error_description: `not ${body.code}` }];
  }

  function answerTo(
    endpoint: OauthEndpoint,
    body: OauthRequest['body'],
    basic: string | null,
  ): readonly [number, unknown] {
    const status = failing.get(endpoint);
    if (status !== undefined) return [status, { error: 'temporarily_unavailable' }];
    if (endpoint === 'token') return token(body, basic);
    if (endpoint === 'revoke') {
      live.delete(String(body.token));
      return [200, {}];
    }
    count += 1;
    const clientId = `client-${count}`;
    const clientSecret = givesSecret ? secret('CLIENT') : null;
    clients.set(clientId, clientSecret);
    return [201, { ...body, client_id: clientId, ...(clientSecret === null ? {} : { client_secret: clientSecret }) }];
  }

  async function answer(endpoint: OauthEndpoint, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const isJson = incoming.headers['content-type']?.includes('json');
    const body = isJson
      ? (JSON.parse(text) as Record<string, unknown>)
      : Object.fromEntries(new URLSearchParams(text).entries());
    requests.push({ endpoint, body });
    await holds.get(endpoint);
    const basic = /^Basic (.*)$/.exec(incoming.headers.authorization ?? '')?.[1];
    json(outgoing, ...answerTo(endpoint, body, basic ? Buffer.from(basic, 'base64').toString('utf8') : null));
  }

  function authorize(query: URLSearchParams, outgoing: ServerResponse): void {
    asked.push(query);
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', made.answerNext === 'wrongState' ? 'another' : (query.get('state') ?? ''));
    if (made.answerNext === 'denied') {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'the person said no');
    } else {
      const code = secret('CODE');
      codes.set(code, query);
      back.searchParams.set('code', code);
    }
    made.answerNext = 'yes';
    outgoing.writeHead(302, { location: back.href }).end();
  }

  const mcp = await startHttpMcp((incoming, outgoing) => {
    const { origin } = new URL(mcp.url);
    const { pathname, searchParams } = new URL(incoming.url ?? '/', origin);
    const endpoint = pathname.slice(1) as OauthEndpoint;
    if (pathname.startsWith(`${WELL_KNOWN}oauth-protected-resource`))
      json(outgoing, 200, { resource: mcp.url, authorization_servers: [origin] });
    else if (pathname === `${WELL_KNOWN}oauth-authorization-server`)
      json(outgoing, 200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        ...(registers ? { registration_endpoint: `${origin}/register` } : {}),
        ...(revokes ? { revocation_endpoint: `${origin}/revoke` } : {}),
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        ...(givesSecret ? {} : { token_endpoint_auth_methods_supported: ['none'] }),
      });
    else if (pathname === '/authorize') authorize(searchParams, outgoing);
    else if (endpoint === 'register' || endpoint === 'token' || endpoint === 'revoke')
      void answer(endpoint, incoming, outgoing);
    else if (pathname !== new URL(mcp.url).pathname) json(outgoing, 404, {});
    else if (good.has((incoming.headers.authorization ?? '').replace(/^Bearer /, ''))) return false;
    else
      outgoing
        .writeHead(401, {
          'www-authenticate': `Bearer resource_metadata="${origin}${WELL_KNOWN}oauth-protected-resource/mcp"`,
        })
        .end();
    return true;
  });

  const made: OauthMcp = Object.assign(mcp, {
    requests,
    to: (endpoint: OauthEndpoint) => requests.filter((known) => known.endpoint === endpoint).map(({ body }) => body),
    asked,
    secrets,
    live,
    answerNext: 'yes' as const,
    grant: issue,
    expire: () => good.clear(),
    forgetTokens: () => {
      good.clear();
      live.clear();
    },
    fail: (endpoint: OauthEndpoint, status: number | null) =>
      void (status === null ? failing.delete(endpoint) : failing.set(endpoint, status)),
    hold: (endpoint: OauthEndpoint) => {
      let release = (): void => {};
      holds.set(
        endpoint,
        new Promise((resolve) => {
          release = resolve;
        }),
      );
      return () => {
        holds.delete(endpoint);
        release();
      };
    },
    whenAsked: (endpoint: OauthEndpoint, wanted: number) =>
      until(`${wanted} requests to ${endpoint}`, () => made.to(endpoint).length >= wanted),
  });
  return made;
}

function json(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
