import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Auth, createAuth } from '../../../daemon/auth/auth.ts';
import { createAuthStore } from '../../../daemon/store/auth-store.ts';
import fc from '../../support/fast-check.ts';
import { authParts, chatgptFile, failureOf, keyFile, SECRET } from './auth-fixtures.ts';

let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'auth-'));
  file = join(home, 'auth.json');
});

afterEach(async () => rm(home, { recursive: true, force: true }));

/** What the server has done to the one token of these histories. */
interface Server {
  hasRevoked: boolean;
}

const bytes = () => readFile(file, 'utf8').catch(() => null);

describe('any history', () => {
  const emptyChatgpt = '{}';
  const texts = { key: keyFile, chatgpt: chatgptFile, empty: emptyChatgpt, broken: `{"${SECRET}`, none: null } as const;
  const step = fc.oneof(
    fc.record({ do: fc.constant('write' as const), what: fc.constantFrom(...Object.keys(texts)) }),
    fc
      .constantFrom('login', 'logout', 'read', 'failErase', 'failSave', 'failRevoke')
      .map((name) => ({ do: name, what: '' })),
  );

  const revokedNotErased = [
    { do: 'write' as const, what: 'chatgpt' },
    { do: 'failErase', what: '' },
    { do: 'failRevoke', what: '' },
  ];

  test('a failed request leaves every byte, a logout ends as the stored kind demands, and no secret gets out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (history) => {
        // Also the note of a logout that the history before has left.
        await rm(home, { recursive: true, force: true });
        await mkdir(home);
        const real = createAuthStore({ home, mode: 'file' });
        let fails: string | null = null;
        const server: Server = { hasRevoked: false };
        const failing = <T>(name: string, run: () => Promise<T>): Promise<T> =>
          fails === name ? Promise.reject(new Error(`disk full near ${SECRET}`)) : run();
        const auth = createAuth({
          ...authParts(home),
          fetch: async () => {
            if (fails === 'failRevoke') return new Response(null, { status: 500 });
            server.hasRevoked = true;
            return new Response(null, { status: 200 });
          },
          store: {
            ...real,
            erase: (...given) => failing('failErase', () => real.erase(...given)),
            save: (...given) => failing('failSave', () => real.save(...given)),
          },
        });
        for (const { do: name, what } of history) {
          fails = name;
          await perform(auth, server, name, what);
        }
        auth.stop();
      }),
      { numRuns: 60, examples: [[revokedNotErased]] },
    );
  });

  async function perform(auth: Auth, server: Server, name: string, what: string): Promise<void> {
    const before = await bytes();
    if (name === 'write') {
      const text = texts[what as keyof typeof texts];
      await (text === null ? rm(file, { force: true }) : writeFile(file, text));
      return;
    }
    const isLogin = name === 'login' || name === 'failSave';
    const request = name === 'read' ? auth.read() : isLogin ? auth.login(`new-${SECRET}`) : auth.logout();
    const failure = await failureOf(request);
    const after = await bytes();
    if (failure || name === 'read') expect(after).toBe(before);
    const end = failure?.[0] ?? 'done';
    if (name === 'logout') expect(end).toBe(before === texts.broken ? 'authUnreadable' : 'done');
    if (name === 'failRevoke') expect(endsOfRefused(server, before)).toContain(end);
    if (name === 'logout' && !failure) expect(after).toBeNull();
    if (before === chatgptFile && after === null) expect(server.hasRevoked).toBe(true);
    if (name === 'login') expect([failure, after?.includes(`new-${SECRET}`)]).toEqual([null, true]);
    const status = await auth.read();
    expect(status.state === 'error' && after !== before).toBe(false);
    expect(JSON.stringify([failure, status])).not.toContain(SECRET);
  }

  /** How a logout may end while the server refuses: a token that it took back before needs no second revocation. */
  function endsOfRefused(server: Server, text: string | null): readonly string[] {
    if (text === chatgptFile) return server.hasRevoked ? ['revokeFailed', 'done'] : ['revokeFailed'];
    return [text === texts.broken ? 'authUnreadable' : 'done'];
  }
});
