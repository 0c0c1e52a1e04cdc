import { expect } from 'vitest';
import type { SnapshotFrom } from 'xstate';
import { permanentFailure } from '../../../machines/auth/auth-error.ts';
import { isRevoked } from '../../../machines/auth/auth-facts.ts';
import { authMachine } from '../../../machines/auth/auth-machine.ts';
import { DEFAULT_SERVER } from '../../../machines/auth/auth-server.ts';
import {
  type AuthEvent,
  BROWSER_LIMIT_MS,
  DEVICE_LIMIT_MS,
  EFFECT_LIMIT_MS,
  HOST_LIMIT_MS,
  type Login,
  type LoginMethod,
  STORE_LIMIT_MS,
} from '../../../machines/auth/auth-types.ts';
import { type Credentials, isManaged, refreshTokenOf, type SignIn } from '../../../machines/auth/credentials.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import {
  ended,
  failed,
  type MachineModel,
  passed,
  type ScriptedEffects,
  type Step,
  sent,
} from '../../support/machine-coverage.ts';

/** The auth machine with scripted effects, and one name for everything that can happen to it. */

export const SECRET = 'SECRET-VALUE';
export const NOW_MS = Date.UTC(2026, 0, 1);
const idToken = `e30.${Buffer.from(JSON.stringify({ 'https://api.openai.com/auth': { chatgpt_account_id: 'acc' } })).toString('base64url')}.s`;

/** @param endsInMs of the access token, from NOW_MS */
const withTokens = (
  kind: 'chatgpt' | 'external',
  token: string,
  endsInMs = 3_600_000,
  accountId = 'acc',
): Credentials => ({
  kind,
  tokens: {
    idToken: SECRET,
    accessToken: `access ${token} ${SECRET}`,
    refreshToken: `refresh ${token} ${SECRET}`,
    accountId,
    expiresAtSeconds: (NOW_MS + endsInMs) / 1000,
    claims: { email: 'e@x', planType: 'plus', userId: null, accountId },
  },
  lastRefresh: null,
});
export const chatgpt = (token: string, endsInMs?: number): Credentials => withTokens('chatgpt', token, endsInMs);
export const apiKey: Credentials = { kind: 'apikey', apiKey: `key ${SECRET}` };
export const managed = chatgpt('one');
export const renewed = chatgpt('two');
export const supplied: Credentials = withTokens('external', 'host');
export const suppliedAgain: Credentials = withTokens('external', 'host again');
export const suppliedOther: Credentials = withTokens('external', 'host other', 0, 'other');
export const signIn: SignIn = { kind: 'chatgpt', idToken, accessToken: SECRET, refreshToken: SECRET, apiKey: null };

const server = DEFAULT_SERVER;
const login = (id: string, method: LoginMethod, more: Partial<Login> = {}): Login => ({
  id,
  method,
  signIn: method === 'apiKey' ? { kind: 'apikey', apiKey: `new ${SECRET}` } : null,
  workspaces: null,
  server,
  ...more,
});
const ask = (isLocalOnly: boolean): AuthEvent => ({
  type: 'logout',
  logout: { server, isLocalOnly, isResumed: false },
});
const event = (given: AuthEvent, name: string): Step => sent(given, name);

const crashed = new Error(`no space left while writing ${SECRET}`);
const found = (credentials: Credentials | null, step: 'intended' | 'revoked' | null = null) => ({
  credentials,
  unfinished: step && { step, server },
});
export const unreadable = new RpcError('authUnreadable', 'auth.json cannot be read');

const loads = (id: string, prefix: string) => ({
  [`${prefix}None`]: ended(id, found(null), `${prefix}None`),
  [`${prefix}Key`]: ended(id, found(apiKey), `${prefix}Key`),
  [`${prefix}Managed`]: ended(id, found(managed), `${prefix}Managed`),
  [`${prefix}Renewed`]: ended(id, found(renewed), `${prefix}Renewed`),
  [`${prefix}Fails`]: failed(id, unreadable, `${prefix}Fails`),
});

/** How the first look at the store can end. */
export const looks = loads('loadCredentials', 'load');

export const asked = {
  logout: event(ask(false), 'logout'),
  localLogout: event(ask(true), 'localLogout'),
  reload: event({ type: 'reload' }, 'reload'),
  keyLogin: event({ type: 'loginRequested', login: login('a', 'apiKey') }, 'keyLogin'),
  browserLogin: event({ type: 'loginRequested', login: login('b', 'chatgpt') }, 'browserLogin'),
  strictLogin: event({ type: 'loginRequested', login: login('s', 'chatgpt', { workspaces: ['w'] }) }, 'strictLogin'),
  codeLogin: event(
    { type: 'loginRequested', login: login('c', 'chatgptDeviceCode', { workspaces: null }) },
    'codeLogin',
  ),
  strictCode: event(
    { type: 'loginRequested', login: login('d', 'chatgptDeviceCode', { workspaces: ['w'] }) },
    'strictCode',
  ),
  cancelBrowser: event({ type: 'cancelLogin', id: 'b' }, 'cancelBrowser'),
  useExternal: event(
    {
      type: 'externalTokens',
      external: { credentials: supplied, hostId: 'h' },
      login: login('x', 'chatgptAuthTokens'),
    },
    'useExternal',
  ),
  refuseExternal: event(
    {
      type: 'externalTokens',
      external: { credentials: supplied, hostId: 'h' },
      login: login('y', 'chatgptAuthTokens', { workspaces: ['w'] }),
    },
    'refuseExternal',
  ),
  needFresh: event({ type: 'needAuth', nowMs: NOW_MS, isForced: false, server }, 'needFresh'),
  needStale: event({ type: 'needAuth', nowMs: NOW_MS + 3_590_000, isForced: false, server }, 'needStale'),
  unauthorized: event(
    { type: 'unauthorized', token: managed.kind === 'chatgpt' ? (managed.tokens?.accessToken ?? '') : '', server },
    'unauthorized',
  ),
} as const;

const signInEnds = (id: 'browserLogin' | 'deviceLogin', state: string, limit: string, ms: number) => [
  ended(id, signIn, `${id}Done`),
  failed(id, new RpcError('loginFailed', 'no'), `${id}Fails`),
  passed(limit, `auth.signingIn.${state}`, ms),
];

/** How the effect of a state can end. */
export const endings: Readonly<Record<string, readonly Step[]>> = {
  'restoring.loading': [
    ...Object.values(looks).filter(({ name }) => name !== 'loadRenewed'),
    ended('loadCredentials', found(managed, 'intended'), 'loadIntended'),
    ended('loadCredentials', found(managed, 'revoked'), 'loadRevoked'),
    passed('storeLimit', 'auth.restoring.loading', STORE_LIMIT_MS),
  ],
  'signingIn.browser': signInEnds('browserLogin', 'browser', 'browserLimit', BROWSER_LIMIT_MS),
  'signingIn.device': signInEnds('deviceLogin', 'device', 'deviceLimit', DEVICE_LIMIT_MS),
  'signingIn.saving': [
    ended('saveCredentials', { credentials: renewed, replaced: [managed] }, 'saved'),
    failed('saveCredentials', crashed, 'saveFails'),
    passed('storeLimit', 'auth.signingIn.saving', STORE_LIMIT_MS),
  ],
  'signedIn.reloading': [
    ...Object.values(loads('reloadCredentials', 'reload')),
    passed('storeLimit', 'auth.signedIn.reloading', STORE_LIMIT_MS),
  ],
  'signedIn.refreshing': [
    ended('refreshToken', renewed, 'refreshed'),
    ended('refreshToken', null, 'refreshFoundNobody'),
    failed('refreshToken', new RpcError('refreshFailed', 'the server answered 500'), 'refreshFails'),
    failed('refreshToken', permanentFailure('the sign-in cannot be renewed'), 'refreshRefused'),
    passed('effectLimit', 'auth.signedIn.refreshing', EFFECT_LIMIT_MS),
  ],
  'signedIn.backingOff': [passed('backOff', 'auth.signedIn.backingOff', 60_000)],
  'signedIn.askingHost': [
    ended('askHost', suppliedAgain, 'hostAnswers'),
    ended('askHost', suppliedOther, 'hostAnswersOther'),
    failed('askHost', crashed, 'hostFails'),
    passed('hostLimit', 'auth.signedIn.askingHost', HOST_LIMIT_MS),
  ],
  revoking: [
    ended('revokeToken', managed, 'revoked'),
    ended('revokeToken', null, 'revokeFoundNobody'),
    failed('revokeToken', new RpcError('revokeFailed', 'the server answered 500'), 'revokeFails'),
    passed('effectLimit', 'auth.revoking', EFFECT_LIMIT_MS),
  ],
  erasing: [
    ended('eraseCredentials', { outcome: 'erased', notice: null }, 'erased'),
    ended('eraseCredentials', { outcome: 'changed' }, 'eraseMet'),
    failed('eraseCredentials', crashed, 'eraseFails'),
    passed('storeLimit', 'auth.erasing', STORE_LIMIT_MS),
  ],
};

export type AuthSnapshot = SnapshotFrom<typeof authMachine>;

export function stateOf({ value }: Pick<AuthSnapshot, 'value'>): string {
  return typeof value === 'string' ? value : Object.entries(value).flat().join('.');
}

const EFFECTS = [
  'loadCredentials',
  'browserLogin',
  'deviceLogin',
  'saveCredentials',
  'refreshToken',
  'askHost',
  'revokeToken',
  'eraseCredentials',
] as const;

export const provide = (effects: ScriptedEffects): typeof authMachine =>
  authMachine.provide({
    actors: Object.fromEntries(EFFECTS.map((name) => [name, effects.logic(name)])),
    actions: { revokeReplaced: effects.action('revokeReplaced') },
  });

/** auth.md §9: what holds whatever happened. */
export function expectInvariants(steps: readonly string[], snapshot: AuthSnapshot, effects: ScriptedEffects): void {
  const { context } = snapshot;
  const state = stateOf(snapshot);
  const isLocal = steps.includes('localLogout');
  let isEnded = false;
  for (const { effect, did, input } of effects.records) {
    if (did !== 'started') continue;
    if (effect === 'revokeToken') isEnded = true;
    const credentials = (input as { credentials?: Credentials | null } | undefined)?.credentials ?? null;
    // The note of an earlier daemon counts as its revocation.
    const isExcused = isLocal || isEnded || steps.includes('loadRevoked');
    if (effect === 'eraseCredentials' && isManaged(credentials)) expect([steps, isExcused]).toEqual([steps, true]);
  }
  if (state === 'erasing' && !isLocal && isManaged(context.credentials)) expect(isRevoked(context)).toBe(true);
  expect(JSON.stringify(context.error) ?? '').not.toContain(SECRET);
  const isResting = !/^(restoring|signingIn|revoking|erasing|signedIn\.refreshing)/.test(state);
  if (isResting) expect([steps, context.logout]).toEqual([steps, null]);
  if (!state.startsWith('signingIn')) expect([steps, context.login]).toEqual([steps, null]);
}

const nameOf = (credentials: Credentials | null): string | null =>
  credentials && `${credentials.kind} ${refreshTokenOf(credentials) ?? ''}`;

export const model: MachineModel<typeof authMachine> = {
  provide,
  steps: (snapshot) => [...Object.values(asked), ...(endings[stateOf(snapshot)] ?? [])],
  facts: ({ context }) => [
    nameOf(context.credentials),
    context.external !== null,
    context.login?.id,
    context.logout && [context.logout.isLocalOnly, context.logout.isResumed],
    nameOf(context.revoked),
    context.refreshFailure?.forToken,
    context.isFirstLook && context.unfinished?.step,
  ],
  check: ({ steps, snapshot, effects }) => expectInvariants(steps, snapshot, effects),
};
