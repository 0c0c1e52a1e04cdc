import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuthServer, authServerOf } from '../../machines/auth/auth-server.ts';

/** One request as it came. */
export interface AuthRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, string>>;
}

/** What goes wrong with a request. `echo` puts what was sent into the error's text. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: unknown }
  | { readonly kind: 'echo'; readonly status: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'hangInBody'; readonly status: number }
  | { readonly kind: 'notJson' };

export type Endpoint = 'token' | 'revoke' | 'usercode' | 'deviceToken';

/** An auth server on loopback: authorize, token, device and revoke, with refresh tokens that are good once. */
export interface FakeAuthServer {
  readonly url: string;
  /** Variables of a client that is to use it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly server: AuthServer;
  readonly requests: readonly AuthRequest[];
  /** Refresh tokens that were given and are neither spent nor revoked. */
  readonly live: ReadonlySet<string>;
  /** Tokens that were revoked, in order. */
  readonly revoked: readonly string[];
  /** Refresh tokens that were redeemed, in order; twice the same is a fault of ours. */
  readonly redeemed: readonly string[];
  /** Every token, key, code and verifier that was ever given or issued. */
  readonly secrets: ReadonlySet<string>;
  /** A refresh token that counts as given. */
  issue(): string;
  /** Applies to every request of this kind until it is set to null. */
  fail(endpoint: Endpoint, fault: Fault | null): void;
  /** Holds every answer of this kind back until the returned function is called. */
  hold(endpoint: Endpoint): () => void;
  /** How many questions of the device flow are answered with "pending", and by which status. */
  pending(count: number, status?: 403 | 404): void;
  readonly idToken: (account?: string) => string;
  requestsTo(path: string): readonly AuthRequest[];
  /** Resolves when `count` requests to a path have arrived. */
  waitForRequests(path: string, count: number): Promise<void>;
  close(): Promise<void>;
}

export const FAKE_SECRET = 'FAKESECRETFAKESECRET';
export const DEVICE_VERIFIER = `device-verifier-${FAKE_SECRET}`;

export function fakeJwt(payload: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${FAKE_SECRET}`;
}

const idTokenOf = (account = 'acc-1'): string =>
  fakeJwt({
    email: 'e@x.test',
    'https://api.openai.com/auth': { chatgpt_plan_type: 'pro', chatgpt_user_id: 'user-1', chatgpt_account_id: account },
  });

/** @param lifeSeconds of the access tokens it gives; null: they do not say */
export async function startFakeAuthServer({ lifeSeconds = 3600 as number | null } = {}): Promise<FakeAuthServer> {
  const requests: AuthRequest[] = [];
  const live = new Set<string>();
  const revoked: string[] = [];
  const redeemed: string[] = [];
  const secrets = new Set<string>();
  const secret = (text: string): string => {
    secrets.add(text);
    return text;
  };
  const faults = new Map<Endpoint, Fault>();
  const holds = new Map<Endpoint, Promise<void>>();
  const codes = new Map<string, string>();
  const watchers = new Set<() => void>();
  let count = 0;
  let pendingLeft = 0;
  let pendingStatus: 403 | 404 = 403;

  const issue = (): string => {
    count += 1;
    const token = secret(`refresh-${count}-${FAKE_SECRET}`);
    live.add(token);
    return token;
  };
  const accessToken = (): string => {
    count += 1;
    if (lifeSeconds === null) return secret(`access-${count}-${FAKE_SECRET}`);
    return secret(fakeJwt({ n: count, exp: Math.floor(Date.now() / 1000) + lifeSeconds }));
  };
  const tokens = () => ({ id_token: secret(idTokenOf()), access_token: accessToken(), refresh_token: issue() });

  function token(body: Readonly<Record<string, string>>): readonly [number, unknown] {
    if (body.grant_type === 'refresh_token') {
      const given = body.refresh_token ?? '';
      redeemed.push(given);
      if (revoked.includes(given)) return [401, { error: { code: 'refresh_token_invalidated', message: 'revoked' } }];
      if (!live.delete(given)) return [401, { error: { code: 'refresh_token_reused', message: 'used already' } }];
      return [200, tokens()];
    }
    if (body.grant_type === 'authorization_code') {
      const challenge = codes.get(body.code ?? '');
      const actual = createHash('sha256')
        .update(body.code_verifier ?? '')
        .digest('base64url');
      if (challenge !== actual) return [400, { error: 'invalid_grant', error_description: 'the code is not good' }];
      codes.delete(body.code ?? '');
      return [200, tokens()];
    }
    return [200, { access_token: secret(`sk-exchanged-${FAKE_SECRET}`) }];
  }

  function respond(endpoint: Endpoint, body: Readonly<Record<string, string>>): readonly [number, unknown] {
    switch (endpoint) {
      case 'token':
        return token(body);
      case 'revoke':
        revoked.push(body.token ?? '');
        live.delete(body.token ?? '');
        return [200, {}];
      case 'usercode':
        return [200, { device_auth_id: secret(`device-${FAKE_SECRET}`), user_code: 'ABCD-1234', interval: '0' }];
      case 'deviceToken': {
        if (pendingLeft > 0) {
          pendingLeft -= 1;
          return [pendingStatus, {}];
        }
        const challenge = createHash('sha256').update(DEVICE_VERIFIER).digest('base64url');
        codes.set('device-code', challenge);
        const authorization_code = 'device-code';
        return [200, { authorization_code, code_challenge: challenge, code_verifier: secret(DEVICE_VERIFIER) }];
      }
      default:
        return endpoint satisfies never;
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const text = await readAll(request);
    const body = parseBody(text, request.headers['content-type'] ?? '');
    requests.push({ path: url.pathname, headers: request.headers, body });
    for (const look of watchers) look();
    if (url.pathname === '/oauth/authorize') {
      const code = secret(`code-${requests.length}-${FAKE_SECRET}`);
      codes.set(code, url.searchParams.get('code_challenge') ?? '');
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    const endpoint = ENDPOINTS[url.pathname];
    if (!endpoint) return void response.writeHead(404).end('{}');
    await holds.get(endpoint);
    const fault = faults.get(endpoint);
    if (fault) return play(fault, text, response);
    const [status, answer] = respond(endpoint, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // An address of a server that listens on TCP is always of this kind.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const variables = {
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${url}/oauth/token`,
    CODEX_REVOKE_TOKEN_URL_OVERRIDE: `${url}/oauth/revoke`,
    CODEX_APP_SERVER_LOGIN_ISSUER: url,
  };
  const requestsTo = (path: string) => requests.filter((request) => request.path === path);
  return {
    url,
    variables,
    server: authServerOf({ variables, originator: 'test-originator', userAgent: 'test-agent' }),
    requests,
    live,
    revoked,
    redeemed,
    secrets,
    issue,
    fail: (endpoint, fault) => void (fault ? faults.set(endpoint, fault) : faults.delete(endpoint)),
    hold: (endpoint) => {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      holds.set(endpoint, held);
      return () => {
        holds.delete(endpoint);
        release();
      };
    },
    pending: (times, status = 403) => {
      pendingLeft = times;
      pendingStatus = status;
    },
    idToken: idTokenOf,
    requestsTo,
    waitForRequests: (path, wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (requestsTo(path).length < wanted) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/oauth/token': 'token',
  '/oauth/revoke': 'revoke',
  '/api/accounts/deviceauth/usercode': 'usercode',
  '/api/accounts/deviceauth/token': 'deviceToken',
};

function play(fault: Fault, sent: string, response: ServerResponse): void {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'application/json' }).end(JSON.stringify(fault.body ?? {}));
      return;
    case 'echo':
      response.writeHead(fault.status).end(JSON.stringify({ error: { message: `cannot take ${sent}` } }));
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'hangInBody':
      response.writeHead(fault.status, { 'content-type': 'application/json' });
      response.write('{');
      return;
    case 'notJson':
      response.writeHead(200).end('<html>');
      return;
    default:
      return fault satisfies never;
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

function parseBody(text: string, type: string): Record<string, string> {
  if (text === '') return {};
  if (type.includes('urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  // The cast: only our own requests come here, whose bodies hold texts alone.
  return JSON.parse(text) as Record<string, string>;
}

/** An auth.json of a ChatGPT sign-in whose refresh token the server gave. @param endsInSeconds null: not said */
export function chatgptAuthFile(
  fake: FakeAuthServer,
  { endsInSeconds = 3600 as number | null, account = 'acc-1', refreshToken = fake.issue() } = {},
): string {
  const exp = endsInSeconds === null ? {} : { exp: Math.floor(Date.now() / 1000) + endsInSeconds };
  return JSON.stringify({
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: {
      id_token: idTokenOf(account),
      access_token: fakeJwt({ of: refreshToken.split('-')[1], ...exp }),
      refresh_token: refreshToken,
      account_id: account,
    },
    last_refresh: '2026-01-01T00:00:00.000000000Z',
    theirs: { kept: true },
  });
}
