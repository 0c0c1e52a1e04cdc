import { describe, expect, test } from 'vitest';
import type { Message, Model } from '../../../client/tui/model.ts';
import { frameText, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;
const started = { loginId: 'login-1', url: 'https://auth.example/authorize', userCode: null };
const asked = { type: 'loginAsked', attemptId: 'a1', way: 'browser' } as const;
const answered = { type: 'loginStarted', attemptId: 'a1', started } as const;
const ended = (success: boolean, loginId = 'login-1') =>
  ({ type: 'loginEnded', end: { loginId, success, error: success ? null : 'Login cancelled' } }) as const;
const opened = (...messages: readonly Message[]) =>
  run(modelOf(), ...type('/login'), ...press(NOW, 'enter'), ...messages);
const cancels = [{ type: 'cancelLogin', loginId: 'login-1' }];
const isOpen = ({ overlays }: Model): boolean => overlays.some(({ id }) => id === 'login');

describe('a sign-in of this terminal', () => {
  test.each<{ name: string; messages: Message[]; effects: unknown[]; isOpen: boolean; shows: string }>([
    {
      name: 'opens the browser when it has begun',
      messages: [asked, answered],
      effects: [{ type: 'openUrl', url: started.url }],
      isOpen: true,
      shows: 'waiting for the browser… 0s of 10 minutes',
    },
    {
      name: 'may end before its beginning is told',
      messages: [asked, ended(true), answered],
      effects: [],
      isOpen: false,
      shows: 'signed in',
    },
    {
      name: 'is not ended by that of another',
      messages: [asked, ended(false, 'other'), answered, ended(false, 'other')],
      effects: [{ type: 'openUrl', url: started.url }],
      isOpen: true,
      shows: 'waiting for the browser…',
    },
    {
      name: 'given up before it began is cancelled when it begins',
      messages: [asked, { type: 'loginAbandoned' }, answered, ended(false)],
      effects: cancels,
      isOpen: true,
      shows: 'Sign-in failed: cancelled',
    },
    {
      name: 'given up for another one leaves that one alone',
      messages: [
        asked,
        { type: 'loginAbandoned' },
        { ...asked, attemptId: 'a2', way: 'apiKey' },
        answered,
        { type: 'loginSettled', attemptId: 'a1', failure: 'late' },
      ],
      effects: cancels,
      isOpen: true,
      shows: 'asking the daemon…',
    },
    {
      name: 'begun is cancelled at once',
      messages: [asked, answered, { type: 'loginAbandoned' }],
      effects: [{ type: 'openUrl', url: started.url }, ...cancels],
      isOpen: true,
      shows: 'Sign-in failed: cancelled',
    },
  ])('$name', ({ messages, effects, isOpen: stays, shows }) => {
    const { model, effects: done } = opened(...messages);
    expect(done).toEqual(effects);
    expect(isOpen(model)).toBe(stays);
    expect(frameText(model)).toContain(shows);
  });

  test('is chosen with the arrows, and begins with enter', () => {
    expect(opened(...press(NOW, 'up', 'up', 'enter')).effects).toEqual([
      { type: 'startLogin', way: 'device', apiKey: null },
    ]);
    expect(opened(...press(NOW, 'down', 'down', 'down', 'enter')).effects).toEqual([
      { type: 'startLogin', way: 'browser', apiKey: null },
    ]);
  });

  test('with a key needs one, and esc goes back to the list', () => {
    const empty = opened(...type('3'), ...press(NOW, 'enter', 'escape'));
    expect([empty.effects, frameText(empty.model)]).toEqual([[], expect.stringContaining('› 3 API key')]);
    expect(isOpen(run(empty.model, ...press(NOW, 'escape')).model)).toBe(false);
  });

  test('shows an address that is longer than the screen, row by row', () => {
    const small = { ...opened(asked, answered).model, size: { columns: 20, rows: 6 } };
    expect(frameText(small)).not.toContain('https://');
    expect(frameText(run(small, ...press(NOW, 'down', 'down')).model)).toContain('https://');
    expect(frameText(run(small, ...press(NOW, 'end')).model)).toContain('browser… 0s of 10');
  });

  test('opens one screen, and a question stays above it', () => {
    const twice = run(opened().model, { type: 'signInMissing' });
    expect(twice.effects).toEqual([{ type: 'loadAccount', because: 'missing' }]);
    const answer = { account: null, requiresOpenaiAuth: true, state: 'signedOut' } as const;
    const { model } = run(twice.model, { type: 'accountRead', answer, because: 'missing' });
    expect(model.overlays.map(({ id }) => id)).toEqual(['login']);
  });

  test('goes with the terminal to another thread', () => {
    const { model } = opened(asked, answered);
    const next = run(model, { type: 'threadOpened', threadId: 'thread-2', snapshot: model.snapshot }).model;
    expect(next.signIn).toEqual(model.signIn);
  });
});
