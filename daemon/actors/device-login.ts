import * as v from 'valibot';
import { fromPromise } from 'xstate';
import type { AuthServer } from '../../machines/auth/auth-server.ts';
import type { Login } from '../../machines/auth/auth-types.ts';
import type { SignIn } from '../../machines/auth/credentials.ts';
import { parseJson } from '../../machines/auth/parse-json.ts';
import { parseServerError } from '../../machines/auth/server-error.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { exchangeCode } from '../auth/exchange-code.ts';
import type { LoginDesk } from '../auth/login-desk.ts';
import { type CallDeps, jsonHeaders, postOnce, quoteServer, type Reply } from '../auth/token-call.ts';
import { pause } from '../deadline.ts';

export interface DeviceLoginDeps extends CallDeps {
  readonly desk: LoginDesk;
  /** The shortest wait between two questions; a server may say 0, which would be a storm. */
  readonly minIntervalMs: number;
}

const CALL_LIMIT_MS = 30_000;
const text = v.pipe(v.string(), v.nonEmpty());
const codeGiven = v.object({
  device_auth_id: text,
  user_code: v.optional(text),
  usercode: v.optional(text),
  /** Seconds, as a string. */
  interval: v.optional(v.union([v.string(), v.number()]), '0'),
});
const authorized = v.object({ authorization_code: text, code_challenge: v.string(), code_verifier: text });

/** One sign-in with a code that the person types in elsewhere (auth.md §5). The machine limits its time. */
export function createDeviceLogin(deps: DeviceLoginDeps) {
  return fromPromise<SignIn, { login: Login | null }>(async ({ input: { login }, signal }) => {
    if (!login) throw new Error('a device login without a login');
    const { server } = login;
    const { deviceAuthId, userCode, intervalMs } = await askForCode(deps, server, signal);
    deps.desk.tell(login.id, {
      type: 'chatgptDeviceCode',
      verificationUrl: `${server.issuer}/codex/device`,
      userCode,
    });
    const { code, verifier } = await poll(deps, server, { deviceAuthId, userCode, intervalMs }, signal);
    const redirectUri = `${server.issuer}/deviceauth/callback`;
    return exchangeCode(deps, { code, verifier, redirectUri, server }, signal);
  });
}

interface DeviceCode {
  readonly deviceAuthId: string;
  readonly userCode: string;
  readonly intervalMs: number;
}

async function askForCode(deps: DeviceLoginDeps, server: AuthServer, signal: AbortSignal): Promise<DeviceCode> {
  const reply = await ask(deps, server, 'usercode', { client_id: server.clientId }, signal);
  if (reply.status === 404) {
    throw new RpcError('deviceCodeDisabled', 'device code login is not enabled for this server');
  }
  if (!reply.isOk) throw refused('device code request failed', reply, []);
  const parsed = v.safeParse(codeGiven, parseJson(reply.text));
  const userCode = parsed.success ? (parsed.output.user_code ?? parsed.output.usercode) : undefined;
  if (!parsed.success || userCode === undefined) {
    throw new RpcError('loginFailed', 'device code request failed: the answer cannot be read');
  }
  const seconds = Number(parsed.output.interval);
  const intervalMs = Math.max(deps.minIntervalMs, Number.isFinite(seconds) ? seconds * 1000 : 0);
  return { deviceAuthId: parsed.output.device_auth_id, userCode, intervalMs };
}

/** Asks at once, and again after each interval while the person has not answered: 403 and 404 both say so. */
async function poll(
  deps: DeviceLoginDeps,
  server: AuthServer,
  { deviceAuthId, userCode, intervalMs }: DeviceCode,
  signal: AbortSignal,
): Promise<{ readonly code: string; readonly verifier: string }> {
  while (true) {
    const body = { device_auth_id: deviceAuthId, user_code: userCode };
    const reply = await ask(deps, server, 'token', body, signal);
    if (reply.isOk) {
      const parsed = v.safeParse(authorized, parseJson(reply.text));
      if (!parsed.success) throw new RpcError('loginFailed', 'device auth failed: the answer cannot be read');
      return { code: parsed.output.authorization_code, verifier: parsed.output.code_verifier };
    }
    if (reply.status !== 403 && reply.status !== 404) {
      throw refused('device auth failed', reply, [deviceAuthId, userCode]);
    }
    await pause(intervalMs, deps.clock, signal);
  }
}

async function ask(
  deps: DeviceLoginDeps,
  server: AuthServer,
  what: 'usercode' | 'token',
  body: unknown,
  signal: AbortSignal,
): Promise<Reply> {
  const call = {
    url: `${server.issuer}/api/accounts/deviceauth/${what}`,
    proxy: server.proxy,
    headers: jsonHeaders(server),
    body: JSON.stringify(body),
    limitMs: CALL_LIMIT_MS,
    wantsBody: true,
  };
  return postOnce(deps, call, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new RpcError('loginFailed', `device auth failed: ${messageOf(error)}`);
  });
}

function refused(what: string, { status, text: said }: Reply, secrets: readonly string[]): RpcError {
  const words = quoteServer(parseServerError(said).message, secrets);
  return new RpcError('loginFailed', `${what} with status ${status}${words ? `: ${words}` : ''}`);
}
