import { randomUUID } from 'node:crypto';
import { createActor, type InspectionEvent } from 'xstate';
import { type AuthServer, DEFAULT_SERVER } from '../../machines/auth/auth-server.ts';
import { type External, type LoginMethod, STORE_LIMIT_MS } from '../../machines/auth/auth-types.ts';
import type { Credentials, SignIn } from '../../machines/auth/credentials.ts';
import { RpcError } from '../../machines/core/errors.ts';
import type { AccountState } from '../../machines/protocol/methods/account.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import type { ModelAuth } from '../model/request-headers.ts';
import type { WithAuthLock } from '../store/auth-lock.ts';
import type { AuthStore } from '../store/auth-store.ts';
import type { LogoutMarker } from '../store/logout-marker.ts';
import { provideEffects } from './auth-effects.ts';
import { type AuthActor, listen, requestLogin, requestLogout, whenNot } from './auth-requests.ts';
import { type AuthNotice, type AuthStatus, stateOf, toAccountState, toStatus } from './auth-views.ts';
import { LoginDesk, type LoginPrompt } from './login-desk.ts';
import { LOGIN_PORTS } from './login-listener.ts';
import type { LoginLog } from './login-log.ts';
import { createModelAuth } from './model-auth.ts';
import { type Restrictions, refuseMethod } from './restrictions.ts';

export interface AuthDeps {
  readonly store: AuthStore;
  readonly marker: LogoutMarker;
  readonly withLock: WithAuthLock;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
  /** Asks the client that supplied tokens for new ones. */
  readonly askHost?: (external: External, signal: AbortSignal) => Promise<Credentials>;
  /** `forced_login_method` and `forced_chatgpt_workspace_id` of the configuration, as it is by now. */
  readonly restrictions?: () => Promise<Restrictions>;
  readonly loginPorts?: readonly number[];
  readonly loginLog?: LoginLog;
  /** The shortest wait between two questions of a sign-in by code. */
  readonly minPollMs?: number;
  /** Hears of every step of the machine. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** A fault of the machine itself, and what failed beside the work, for the log; it never holds a secret. */
  readonly onFault?: (error: unknown) => void;
  readonly warn?: (what: string, error: unknown) => void;
}

export interface LogoutOptions {
  readonly server?: AuthServer;
  readonly isLocalOnly?: boolean;
}

/** The one owner of a home's sign-in. All failures are RpcErrors. */
export interface Auth {
  readonly state: AccountState['state'];
  /** Never rejects because of what is stored: that is `error` of the answer. `refresh`: get a new token first. */
  read(options?: { readonly refresh?: boolean; readonly server?: AuthServer }): Promise<AuthStatus>;
  /** Stores an API key; checks nothing and makes no network call (auth.md §2). */
  login(apiKey: string, server?: AuthServer): Promise<void>;
  /** Begins a sign-in that goes on by itself, and answers what the person has to do. */
  startLogin(
    method: 'chatgpt' | 'chatgptDeviceCode',
    server?: AuthServer,
  ): Promise<LoginPrompt & { readonly loginId: string }>;
  /** Takes tokens that another program keeps; in memory only. */
  useExternal(external: External): Promise<void>;
  cancelLogin(loginId: string): boolean;
  /** Revokes what has to be revoked, then erases. Everybody who asks meanwhile gets the same answer. */
  logout(options?: LogoutOptions): Promise<{ readonly wasSignedIn: boolean; readonly notice: string | null }>;
  /** What is stored by now, for a plan; rejects with `authUnreadable`. */
  stored(): Promise<Credentials | null>;
  /** What a model request is signed with, renewed when it is about to end. */
  getModelAuth(server?: AuthServer): Promise<ModelAuth>;
  /** After a 401: what to try instead; null when there is nothing to renew (auth.md §6). */
  recoverModelAuth(rejected: ModelAuth, server?: AuthServer): Promise<ModelAuth | null>;
  /** Calls `listener` after the answer to the request that caused the change is on its way. Returns a way to stop. */
  onChange(listener: (notice: AuthNotice) => void): () => void;
  /** Waits for what must not be cut short: a logout, a refresh under way. */
  whenResting(): Promise<void>;
  stop(): void;
}

const UNDECIDED = ['restoring', 'signingIn.saving'] as const;
const SIGNING_OUT = ['revoking', 'erasing'] as const;

/** Starts the sign-in of a home: reads what is stored, and from there on does what the machine says. */
export function createAuth(deps: AuthDeps): Auth {
  const {
    store,
    clock,
    restrictions = async () => ({ method: null, workspaces: null }),
    warn = () => {},
    loginLog = () => {},
  } = deps;
  const desk = new LoginDesk();
  const working = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    const done = work.catch(() => {}).finally(() => working.delete(done));
    working.add(done);
    return work;
  };
  const actor: AuthActor = createActor(
    provideEffects({
      ...deps,
      desk,
      loginLog,
      warn,
      track,
      fetch: deps.fetch ?? globalThis.fetch,
      loginPorts: deps.loginPorts ?? LOGIN_PORTS,
      minPollMs: deps.minPollMs ?? 1_000,
      askHost: deps.askHost ?? (() => Promise.reject(new Error('no program to ask'))),
    }),
    { id: 'auth', clock, ...(deps.inspect && { inspect: deps.inspect }) },
  );
  const untold = new Set<string>();
  actor.on('loginCompleted', ({ login, error }) => {
    const { stage, message } = error ?? { stage: null, message: null };
    loginLog('sign-in ended', { id: login.id, method: login.method, stage, why: message });
    if (!desk.end(login.id, error)) untold.add(login.id);
  });
  actor.subscribe({ error: deps.onFault ?? (() => {}) });
  actor.start();

  /** Waits for the machine to know, and has it look again when another program wrote the store. */
  async function current(): Promise<void> {
    await whenNot(actor, UNDECIDED);
    if (!(await hasChanged(store, clock)) && !(await isReadableAgain())) return;
    actor.send({ type: 'reload' });
    await whenNot(actor, UNDECIDED);
  }

  /** A keyring that was unlocked, or a disk that is back, shows no change: only reading tells. */
  async function isReadableAgain(): Promise<boolean> {
    if (stateOf(actor.getSnapshot()) !== 'error.loading') return false;
    return withDeadline(null, STORE_LIMIT_MS, clock, () => store.load()).then(
      () => true,
      () => false,
    );
  }

  async function logout({ server = DEFAULT_SERVER, isLocalOnly = false }: LogoutOptions = {}) {
    const outcome = await requestLogout(actor, { server, isLocalOnly, isResumed: false });
    return { wasSignedIn: outcome.wasSignedIn, notice: outcome.notice };
  }

  const modelAuth = createModelAuth({ actor, clock, current, restrictions, logout });

  /** Refuses what the configuration forbids, and waits until a sign-in may begin. */
  async function beginLogin(method: LoginMethod, server: AuthServer, signIn: SignIn | null) {
    const { workspaces, ...allowed } = await restrictions();
    refuseMethod(method, allowed);
    if (method !== 'chatgptAuthTokens' && actor.getSnapshot().context.external !== null) throw externalActive();
    await whenNot(actor, ['restoring', ...SIGNING_OUT]);
    const id = randomUUID();
    const { issuer, originator } = server;
    loginLog('sign-in asked for', { id, method, issuer, originator, workspaces: workspaces?.join(', ') ?? null });
    return { id, method, signIn, workspaces, server };
  }

  return {
    get state() {
      return toAccountState(actor.getSnapshot()).state;
    },
    async read({ refresh = false, server = DEFAULT_SERVER } = {}) {
      await current();
      if (refresh) await modelAuth.renew(server);
      return toStatus(actor.getSnapshot());
    },
    async login(apiKey, server = DEFAULT_SERVER) {
      const key = apiKey.trim();
      if (key === '') throw new RpcError('invalidParams', 'The API key is empty.');
      const login = await beginLogin('apiKey', server, { kind: 'apikey', apiKey: key });
      await requestLogin(actor, { type: 'loginRequested', login });
    },
    async startLogin(method, server = DEFAULT_SERVER) {
      const login = await beginLogin(method, server, null);
      const { prompt } = desk.open(login.id);
      const ended = requestLogin(actor, { type: 'loginRequested', login });
      ended.catch(() => {});
      // It cannot end well before the person was told what to do.
      const told = await Promise.race([prompt, ended.then(() => prompt)]);
      return { ...told, loginId: login.id };
    },
    async useExternal(external) {
      const login = await beginLogin('chatgptAuthTokens', DEFAULT_SERVER, null);
      await requestLogin(actor, { type: 'externalTokens', external, login });
    },
    cancelLogin(loginId) {
      if (actor.getSnapshot().context.login?.id !== loginId) return false;
      actor.send({ type: 'cancelLogin', id: loginId });
      return true;
    },
    logout,
    stored: () => store.load(),
    getModelAuth: (server = DEFAULT_SERVER) => modelAuth.get(server),
    recoverModelAuth: (rejected, server = DEFAULT_SERVER) => modelAuth.recover(rejected, server),
    onChange: (listener) =>
      listen(actor, listener, (emitted) => emitted.type !== 'loginCompleted' || !untold.has(emitted.login.id)),
    async whenResting() {
      await whenNot(actor, ['restoring', 'signedIn.refreshing', ...SIGNING_OUT]).catch(() => {});
      await Promise.all(working);
    },
    stop: () => void actor.stop(),
  };
}

// A disk that does not answer counts as changed: then the machine looks, and says within its limit what is wrong.
async function hasChanged(store: AuthStore, clock: Clock): Promise<boolean> {
  return withDeadline(null, STORE_LIMIT_MS, clock, () => store.hasChanged()).catch(() => true);
}

function externalActive(): RpcError {
  return new RpcError(
    'externalAuthActive',
    'External auth is active. Use account/login/start (chatgptAuthTokens) to update it or account/logout to clear it.',
  );
}
