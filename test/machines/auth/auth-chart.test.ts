import { describe, expect, test } from 'vitest';
import type { AuthEmitted, AuthEvent } from '../../../machines/auth/auth-types.ts';
import { startScripted } from '../../support/machine-coverage.ts';
import { asked, endings, looks, provide, stateOf } from './auth-model.ts';

/** The table of auth.md §9, row by row: in a state, on an event, to a state; what the world is told, what is begun. */
interface Row {
  readonly in: keyof typeof ways;
  readonly on: string;
  readonly to: string;
  readonly tells?: readonly string[];
  readonly starts?: readonly string[];
}

/** How each state is reached, by the names of what happens. */
const ways = {
  restoring: '',
  signedOut: 'loadNone',
  'signedIn.fresh': 'loadManaged',
  'signedIn.fresh with a key': 'loadKey',
  'signedIn.external': 'loadManaged useExternal',
  'signedIn.external over nothing': 'loadNone useExternal',
  'signedIn.reloading': 'loadManaged unauthorized',
  'signedIn.refreshing': 'loadManaged needStale',
  'signedIn.refreshing with a logout': 'loadManaged needStale logout',
  'signedIn.backingOff': 'loadManaged needStale refreshFails',
  'signedIn.expired': 'loadManaged needStale refreshRefused',
  'signedIn.askingHost': 'loadNone useExternal unauthorized',
  'signingIn.browser': 'loadNone browserLogin',
  'signingIn.browser over a key': 'loadKey browserLogin',
  'signingIn.browser for one workspace': 'loadNone strictLogin',
  'signingIn.browser over a sign-in': 'loadManaged browserLogin',
  'signingIn.device': 'loadNone codeLogin',
  'signingIn.device for one workspace': 'loadNone strictCode',
  'signingIn.saving': 'loadManaged keyLogin',
  revoking: 'loadManaged logout loadManaged',
  erasing: 'loadManaged logout loadManaged revoked',
  'error.loading': 'loadFails',
  'error.revoking': 'loadManaged logout loadManaged revokeFails',
  'error.erasing': 'loadManaged logout loadManaged revoked eraseFails',
} as const;

const steps = new Map(
  [...Object.values(asked), ...Object.values(looks), ...Object.values(endings).flat()].map(
    (step) => [step.name.replace(/ passed$/, ''), step] as const,
  ),
);
const named = (names: string) => names.split(' ').filter(Boolean);

function short(emitted: AuthEmitted): string {
  switch (emitted.type) {
    case 'accountUpdated':
      return `updated ${emitted.authMode ?? 'nobody'}`;
    case 'loginCompleted':
      return `login ${emitted.login.id} ${emitted.error?.reason ?? 'done'}`;
    default:
      return `logout ${emitted.error?.reason ?? (emitted.wasSignedIn ? 'done' : 'of nobody')}`;
  }
}

function walk({ in: from, on }: Row) {
  const { actor, clock, effects } = startScripted({ provide });
  const tells: string[] = [];
  const go = (name: string): void => {
    const step = steps.get(name);
    if (!step) throw new Error(`no step ${name}`);
    step.perform(actor, clock);
  };
  actor.on('*', (emitted) => tells.push(short(emitted)));
  for (const name of named(ways[from])) go(name);
  const reached = stateOf(actor.getSnapshot()).replace(/^restoring.*/, 'restoring');
  const before = { tells: tells.length, starts: effects.names.length };
  for (const name of named(on)) go(name);
  const to = stateOf(actor.getSnapshot());
  const { context } = actor.getSnapshot();
  actor.stop();
  return { reached, to, tells: tells.slice(before.tells), starts: effects.names.slice(before.starts), context };
}

const rows: readonly Row[] = [
  { in: 'restoring', on: 'loadNone', to: 'signedOut' },
  { in: 'restoring', on: 'loadManaged', to: 'signedIn.fresh', tells: ['updated chatgpt'] },
  { in: 'restoring', on: 'loadFails', to: 'error.loading' },
  { in: 'restoring', on: 'logout loadFails', to: 'error.loading', tells: ['logout authUnreadable'] },
  { in: 'restoring', on: 'loadIntended', to: 'revoking', tells: ['updated chatgpt'], starts: ['revokeToken'] },
  { in: 'restoring', on: 'loadRevoked', to: 'erasing', tells: ['updated chatgpt'], starts: ['eraseCredentials'] },

  { in: 'signedOut', on: 'keyLogin', to: 'signingIn.saving', starts: ['saveCredentials'] },
  { in: 'signedOut', on: 'browserLogin', to: 'signingIn.browser', starts: ['browserLogin'] },
  { in: 'signedOut', on: 'codeLogin', to: 'signingIn.device', starts: ['deviceLogin'] },
  {
    in: 'signedOut',
    on: 'useExternal',
    to: 'signedIn.external',
    tells: ['login x done', 'updated chatgptAuthTokens'],
  },
  { in: 'signedOut', on: 'refuseExternal', to: 'signedOut', tells: ['login y loginDisabled'] },
  {
    in: 'signedOut',
    on: 'logout loadNone',
    to: 'signedOut',
    tells: ['logout of nobody', 'updated nobody'],
    starts: ['loadCredentials'],
  },

  { in: 'signingIn.browser', on: 'cancelBrowser loadNone', to: 'signedOut', tells: ['login b loginCancelled'] },
  { in: 'signingIn.browser over a key', on: 'cancelBrowser loadKey', to: 'signedIn.fresh' },
  {
    in: 'signingIn.browser',
    on: 'codeLogin',
    to: 'signingIn.device',
    tells: ['login b loginCancelled'],
    starts: ['deviceLogin'],
  },
  {
    in: 'signingIn.browser',
    on: 'logout loadNone',
    to: 'signedOut',
    tells: ['login b loginCancelled', 'logout of nobody', 'updated nobody'],
  },
  {
    in: 'signingIn.browser over a sign-in',
    on: 'logout loadManaged',
    to: 'revoking',
    tells: ['login b loginCancelled'],
    starts: ['loadCredentials', 'revokeToken'],
  },
  // Only the one with the same id is cancelled.
  { in: 'signingIn.device', on: 'cancelBrowser', to: 'signingIn.device', tells: [], starts: [] },
  { in: 'signingIn.browser', on: 'browserLimit loadNone', to: 'signedOut', tells: ['login b timedOut'] },
  { in: 'signingIn.browser over a sign-in', on: 'browserLimit loadManaged', to: 'signedIn.fresh' },
  { in: 'signingIn.device', on: 'deviceLimit loadNone', to: 'signedOut', tells: ['login c timedOut'] },
  {
    in: 'signingIn.device for one workspace',
    on: 'deviceLoginDone loadNone',
    to: 'signedOut',
    tells: ['login d loginDisabled'],
  },
  {
    in: 'signingIn.saving',
    on: 'browserLogin',
    to: 'signingIn.browser',
    tells: ['login a loginCancelled'],
    starts: ['browserLogin'],
  },
  { in: 'signingIn.saving', on: 'storeLimit loadManaged', to: 'signedIn.fresh', tells: ['login a timedOut'] },
  { in: 'signingIn.browser over a key', on: 'logout loadKey', to: 'erasing', tells: ['login b loginCancelled'] },
  { in: 'signingIn.browser', on: 'browserLoginDone', to: 'signingIn.saving', starts: ['saveCredentials'] },
  {
    in: 'signingIn.browser for one workspace',
    on: 'browserLoginDone loadNone',
    to: 'signedOut',
    tells: ['login s loginDisabled'],
  },
  { in: 'signingIn.browser', on: 'browserLoginFails loadNone', to: 'signedOut', tells: ['login b loginFailed'] },
  { in: 'signingIn.device', on: 'deviceLoginDone', to: 'signingIn.saving', starts: ['saveCredentials'] },
  { in: 'signingIn.device', on: 'deviceLoginFails loadNone', to: 'signedOut', tells: ['login c loginFailed'] },
  {
    in: 'signingIn.saving',
    on: 'saved',
    to: 'signedIn.fresh',
    tells: ['login a done', 'updated chatgpt'],
    starts: ['revokeReplaced'],
  },
  { in: 'signingIn.saving', on: 'saveFails loadManaged', to: 'signedIn.fresh', tells: ['login a internal'] },

  { in: 'signedIn.fresh', on: 'needFresh', to: 'signedIn.fresh' },
  { in: 'signedIn.fresh', on: 'needStale', to: 'signedIn.refreshing', starts: ['refreshToken'] },
  { in: 'signedIn.fresh with a key', on: 'needStale', to: 'signedIn.fresh' },
  { in: 'signedIn.fresh', on: 'unauthorized', to: 'signedIn.reloading', starts: ['loadCredentials'] },
  { in: 'signedIn.fresh with a key', on: 'unauthorized', to: 'signedIn.fresh' },
  { in: 'signedIn.reloading', on: 'reloadRenewed', to: 'signedIn.fresh' },
  { in: 'signedIn.reloading', on: 'reloadManaged', to: 'signedIn.refreshing', starts: ['refreshToken'] },
  { in: 'signedIn.reloading', on: 'reloadKey', to: 'signedIn.fresh', tells: ['updated apikey'] },
  { in: 'signedIn.reloading', on: 'reloadNone', to: 'signedOut', tells: ['updated nobody'] },
  { in: 'signedIn.external', on: 'unauthorized', to: 'signedIn.askingHost', starts: ['askHost'] },
  { in: 'signedIn.askingHost', on: 'hostAnswers', to: 'signedIn.external' },
  { in: 'signedIn.askingHost', on: 'hostAnswersOther', to: 'signedIn.external' },
  { in: 'signedIn.askingHost', on: 'hostFails', to: 'signedIn.external' },
  { in: 'signedIn.refreshing', on: 'needStale unauthorized', to: 'signedIn.refreshing' },
  { in: 'signedIn.refreshing', on: 'refreshed', to: 'signedIn.fresh' },
  { in: 'signedIn.refreshing', on: 'refreshRefused', to: 'signedIn.expired' },
  { in: 'signedIn.refreshing', on: 'refreshFails', to: 'signedIn.backingOff' },
  { in: 'signedIn.refreshing', on: 'logout', to: 'signedIn.refreshing' },
  { in: 'signedIn.refreshing with a logout', on: 'refreshed loadRenewed', to: 'revoking' },
  { in: 'signedIn.refreshing with a logout', on: 'refreshFails loadManaged', to: 'revoking' },
  { in: 'signedIn.refreshing with a logout', on: 'keyLogin', to: 'signedIn.refreshing', tells: ['login a loggingOut'] },
  { in: 'signedIn.expired', on: 'needStale', to: 'signedIn.expired' },
  { in: 'signedIn.expired', on: 'reload loadRenewed', to: 'signedIn.fresh' },
  { in: 'signedIn.expired', on: 'reload loadManaged', to: 'signedIn.expired' },

  { in: 'signedIn.fresh', on: 'logout loadManaged', to: 'revoking', starts: ['loadCredentials', 'revokeToken'] },
  { in: 'signedIn.expired', on: 'logout loadManaged', to: 'revoking', starts: ['loadCredentials', 'revokeToken'] },
  {
    in: 'signedIn.fresh with a key',
    on: 'logout loadKey',
    to: 'erasing',
    starts: ['loadCredentials', 'eraseCredentials'],
  },
  { in: 'signedIn.external', on: 'logout loadManaged', to: 'revoking' },
  { in: 'signedIn.external over nothing', on: 'logout loadNone', to: 'erasing' },

  { in: 'revoking', on: 'revoked', to: 'erasing', starts: ['eraseCredentials'] },
  { in: 'revoking', on: 'revokeFails', to: 'error.revoking', tells: ['logout revokeFailed'] },
  { in: 'signedIn.backingOff', on: 'logout loadManaged', to: 'revoking' },
  { in: 'signedIn.backingOff', on: 'needStale unauthorized', to: 'signedIn.backingOff', starts: [] },
  { in: 'signedIn.askingHost', on: 'logout loadNone', to: 'erasing' },
  { in: 'revoking', on: 'effectLimit', to: 'error.revoking', tells: ['logout timedOut'] },
  { in: 'revoking', on: 'logout revokeFails', to: 'error.revoking', tells: ['logout revokeFailed'] },
  { in: 'erasing', on: 'erased', to: 'signedOut', tells: ['logout done', 'updated nobody'] },
  { in: 'erasing', on: 'eraseMet loadRenewed', to: 'signedIn.fresh', tells: ['logout eraseFailed'] },
  { in: 'erasing', on: 'storeLimit', to: 'error.erasing', tells: ['logout timedOut'] },
  { in: 'erasing', on: 'logout erased', to: 'signedOut', tells: ['logout done', 'updated nobody'], starts: [] },
  { in: 'erasing', on: 'eraseFails', to: 'error.erasing', tells: ['logout internal'] },

  { in: 'error.revoking', on: 'logout loadManaged', to: 'revoking', starts: ['loadCredentials', 'revokeToken'] },
  { in: 'error.revoking', on: 'needStale', to: 'signedIn.refreshing', starts: ['refreshToken'] },
  { in: 'error.revoking', on: 'unauthorized', to: 'signedIn.reloading', starts: ['loadCredentials'] },
  { in: 'error.revoking', on: 'needFresh', to: 'error.revoking' },
  { in: 'error.revoking', on: 'keyLogin', to: 'signingIn.saving' },
  { in: 'error.erasing', on: 'logout loadManaged', to: 'erasing', starts: ['loadCredentials', 'eraseCredentials'] },
  { in: 'error.erasing', on: 'needStale', to: 'error.erasing' },
  { in: 'error.erasing', on: 'keyLogin', to: 'signingIn.saving' },
  { in: 'error.loading', on: 'logout loadFails', to: 'error.loading', tells: ['logout authUnreadable'] },
  { in: 'error.loading', on: 'reload loadManaged', to: 'signedIn.fresh' },
  { in: 'error.loading', on: 'needStale', to: 'error.loading' },
  { in: 'error.loading', on: 'keyLogin', to: 'signingIn.saving' },
];

describe('the chart of auth.md §9', () => {
  test.each(rows)('in $in on $on: to $to', (row) => {
    const { reached, to, tells, starts } = walk(row);
    expect(reached).toBe(row.in.split(' ')[0]);
    expect(to).toBe(row.to);
    if (row.tells) expect(tells).toEqual(row.tells);
    if (row.starts) expect(starts).toEqual(row.starts);
  });

  test('every change of what is stored raises the generation, and reading the same again does not', () => {
    const generation = (on: string) => walk({ in: 'signedIn.refreshing', on, to: '' }).context.generation;
    expect([generation(''), generation('refreshFails'), generation('refreshed')]).toEqual([1, 1, 2]);
    expect(walk({ in: 'signingIn.saving', on: 'saved', to: '' }).context.generation).toBe(2);
    expect(walk({ in: 'signedIn.fresh', on: 'useExternal', to: '' }).context.generation).toBe(2);
    expect(walk({ in: 'erasing', on: 'erased', to: '' }).context.generation).toBe(2);
  });

  test('a refresh that fails and may be tried again is waited for from 1 s, doubled up to 60 s', () => {
    const { actor, clock } = startScripted({ provide });
    const go = (name: string): void => steps.get(name)?.perform(actor, clock);
    go('loadManaged');
    const waits: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      go('needStale');
      go('refreshFails');
      let waited = 0;
      while (stateOf(actor.getSnapshot()) === 'signedIn.backingOff') {
        clock.increment(1_000);
        waited += 1;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('a key that is empty is not stored', () => {
    const { actor, clock, effects } = startScripted({ provide });
    steps.get('loadNone')?.perform(actor, clock);
    const { login } = asked.keyLogin.event as Extract<AuthEvent, { type: 'loginRequested' }>;
    actor.send({ type: 'loginRequested', login: { ...login, signIn: { kind: 'apikey', apiKey: '' } } });
    expect([stateOf(actor.getSnapshot()), effects.names]).toEqual(['signedOut', ['loadCredentials']]);
  });

  test.each([
    ['browserLogin', 10],
    ['codeLogin', 15],
  ])('%s may take %i minutes and no longer', (name, minutes) => {
    const { actor, clock } = startScripted({ provide });
    for (const step of ['loadNone', name]) steps.get(step)?.perform(actor, clock);
    const isSigningIn = () => stateOf(actor.getSnapshot()).startsWith('signingIn.');
    clock.increment(minutes * 60_000 - 1);
    expect(isSigningIn()).toBe(true);
    clock.increment(1);
    expect(isSigningIn()).toBe(false);
  });

  test.each([
    ['browserLogin', 'browserLimit', 'Login timed out'],
    ['codeLogin', 'deviceLimit', 'device auth timed out after 15 minutes'],
  ])('%s that takes too long says so', (login, limit, message) => {
    const { context } = walk({ in: 'signedOut', on: `${login} ${limit}`, to: '' });
    expect(context.error).toMatchObject({ stage: 'login', reason: 'timedOut', message });
  });
});
