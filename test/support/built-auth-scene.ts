import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import { type BuiltScene, buildScene, type Ran } from './built-scene.ts';
import { chatgptAuthFile, FAKE_SECRET, type FakeAuthServer, startFakeAuthServer } from './fake-auth-server.ts';
import { until } from './start-daemon.ts';

/** The built programs, with an auth server on loopback and browsers that only note the address. */
export interface AuthScene {
  readonly scene: BuiltScene;
  readonly auth: FakeAuthServer;
  readonly authFile: string;
  /** Variables of a shell in which browsers only note the address, and the auth server is the fake one. */
  readonly env: Readonly<Record<string, string>>;
  run(...args: string[]): ReturnType<BuiltScene['run']>;
  /** The address that was opened in a browser, as soon as there is one. */
  openedUrl(): Promise<string>;
}

const START = { provider: ['requires_openai_auth = true'], envKey: null };

/** A home in which the provider wants the stored sign-in. */
export async function authScene({ isSignedIn }: { readonly isSignedIn: boolean }): Promise<AuthScene> {
  const auth = await startFakeAuthServer();
  const scene = await buildScene({ config: START });
  onTestFinished(() => auth.close());
  const authFile = join(scene.temp.home, 'auth.json');
  if (isSignedIn) writeFileSync(authFile, chatgptAuthFile(auth), { mode: 0o600 });
  const { folder, opened } = makeOpeners(scene.temp.root);
  const env = { ...auth.variables, PATH: `${folder}:${process.env.PATH ?? ''}`, NO_PROXY: '127.0.0.1,localhost' };
  return {
    scene,
    auth,
    authFile,
    env,
    run: (...args) => scene.run(args, { env }),
    async openedUrl() {
      await until('an address was opened', () => existsSync(opened));
      return readFileSync(opened, 'utf8');
    },
  };
}

/** Programs in the place of the system's openers. */
function makeOpeners(root: string): { readonly folder: string; readonly opened: string } {
  const folder = join(root, 'openers');
  const opened = join(root, 'opened');
  mkdirSync(folder);
  for (const name of ['open', 'xdg-open']) {
    writeFileSync(
      join(folder, name),
      `#!/bin/sh\nprintf '%s' "$*" > '${opened}.part'\nmv '${opened}.part' '${opened}'\n`,
    );
    chmodSync(join(folder, name), 0o755);
  }
  return { folder, opened };
}

/** Everything that was said, and the daemon's log: no secret is in any of it. */
export function expectNoSecret(
  { scene }: AuthScene,
  ...said: { readonly stdout: string; readonly stderr: string }[]
): void {
  const all = [
    ...said.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    readFileSync(homePaths(scene.temp.home).logPath, 'utf8'),
  ].join('\n');
  expect(all).not.toContain(FAKE_SECRET);
}

/** How a command ended that was not killed. */
export const ended = (code: number, stderr: string, stdout = ''): Ran => ({ code, signal: null, stdout, stderr });
export const signedIn = ended(0, 'Logged in using ChatGPT\n');
export const signedOut = ended(1, 'Not logged in\n');
