import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountLogout, accountRead } from '../../machines/protocol/methods/account.ts';
import { signedInScene, statesOf } from '../support/auth-scene.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { chatgptAuthFile, startFakeAuthServer } from '../support/fake-auth-server.ts';

describe('a daemon that is killed in the middle of a logout', () => {
  test('leaves what the next one finishes: never erased unrevoked, never revoked and forgotten', async () => {
    const fake = await startFakeAuthServer();
    const { scene, connect, path } = await signedInScene({ fake });
    const seen: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      const refreshToken = fake.issue();
      writeFileSync(path, chatgptAuthFile(fake, { refreshToken }), { mode: 0o600 });
      const client = await connect();
      await client.request(accountRead, {});
      const before = fake.requestsTo('/oauth/revoke').length;
      const release = round % 3 === 0 ? () => {} : fake.hold('revoke');
      const asked = client.request(accountLogout, {}).catch(() => 'cut');
      // A third anywhere, a third around the server's answer, a third before it while the server will act on it.
      if (round % 3 !== 0) await fake.waitForRequests('/oauth/revoke', before + 1);
      if (round % 3 === 1) release();
      await pauseAtRandom(round % 3 === 0 ? 60 : 6);
      await scene.daemon.kill9();
      release();
      await asked;
      const isErased = !existsSync(path);
      if (isErased) expect([round, fake.revoked.includes(refreshToken)]).toEqual([round, true]);
      const isRevoked = fake.revoked.includes(refreshToken);
      seen.push(`${isRevoked ? 'revoked' : 'live'}, ${isErased ? 'erased' : 'kept'}`);

      await scene.start();
      const next = await connect();
      await settled(next);
      if (isRevoked) expect([round, existsSync(path)]).toEqual([round, false]);
      if (!existsSync(path)) expect([round, fake.revoked.includes(refreshToken)]).toEqual([round, true]);
      expect(existsSync(join(scene.temp.home, 'daemon', 'logout.json'))).toBe(false);
    }
    // Not all at one end, or the kills came too early or too late to show anything.
    expect(new Set(seen).size).toBeGreaterThan(1);
  }, 180_000);
});

/** Up to this long, in steps of the event loop: no event tells of the moments between two writes of a file. */
async function pauseAtRandom(maxMs: number): Promise<void> {
  const giveUpAt = performance.now() + Math.random() * maxMs;
  while (performance.now() < giveUpAt) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until the daemon has decided what to do with what it found; a lock of the killed one is taken over first. */
async function settled(client: DaemonClient): Promise<void> {
  const isBusy = (state: string | undefined) => ['restoring', 'revoking', 'erasing'].includes(state ?? '');
  const { state } = await client.request(accountRead, {});
  if (isBusy(state)) await client.waitFor('the end of the old logout', () => !isBusy(statesOf(client).at(-1) ?? state));
}
