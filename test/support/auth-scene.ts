import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { accountRead } from '../../machines/protocol/methods/account.ts';
import type { ConnectOptions, DaemonClient } from './daemon-client.ts';
import { chatgptAuthFile, type FakeAuthServer, startFakeAuthServer } from './fake-auth-server.ts';
import { type Scene, type SceneOptions, startScene } from './scene.ts';
import { clientEnvironment } from './start-daemon.ts';
import { type ProviderConfig, type TempHome, writeProviderConfig } from './temp-home.ts';

export interface AuthSceneOptions extends Omit<SceneOptions, 'config'> {
  readonly fake?: FakeAuthServer;
  /** Text of the auth.json that is there before the daemon starts; null or left out: nobody is signed in. */
  readonly file?: string | null;
  /** More lines at the top of config.toml. */
  readonly top?: readonly string[];
}

/** A daemon whose provider wants the stored sign-in, and an auth server on loopback. */
export interface AuthScene {
  readonly fake: FakeAuthServer;
  readonly scene: Scene;
  /** auth.json of the home. */
  readonly path: string;
  /** Its text; null when there is none. */
  text(): string | null;
  /** Variables of a client that uses the fake server. */
  readonly variables: Readonly<Record<string, string>>;
  /** A client whose environment names the fake server. */
  connect(options?: ConnectOptions): Promise<DaemonClient>;
  /** Writes config.toml anew, with these lines at its top. */
  configure(top: readonly string[]): void;
}

const needsSignIn = { envKey: null, provider: ['requires_openai_auth = true'] } satisfies ProviderConfig;

export async function startAuthScene(options: AuthSceneOptions = {}): Promise<AuthScene> {
  const { fake = await startFakeAuthServer(), file = null, top = [], prepare, ...rest } = options;
  onTestFinished(() => fake.close());
  const scene = await startScene({
    ...rest,
    config: { ...needsSignIn, top },
    prepare: (temp) => {
      if (file !== null) writeFileSync(join(temp.home, 'auth.json'), file, { mode: 0o600 });
      prepare?.(temp);
    },
  });
  const path = join(scene.temp.home, 'auth.json');
  const variables = { ...clientEnvironment(scene.temp).variables, ...fake.variables };
  return {
    fake,
    scene,
    path,
    variables,
    text: () => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    connect: async (more) => {
      const client = await scene.connect({ environment: { variables }, ...more });
      // What the daemon's first look at the store says is told by the time of the second answer, and is nobody's doing.
      for (let look = 0; look < 2; look += 1) await client.request(accountRead, {}).catch(() => null);
      client.notifications.length = 0;
      return client;
    },
    configure: (lines) =>
      writeProviderConfig(scene.temp.home, scene.openai.baseUrl, { ...needsSignIn, top: [...lines] }),
  };
}

/** The same with a ChatGPT sign-in in the store. */
export async function signedInScene({ fake, ...rest }: Omit<AuthSceneOptions, 'file'> = {}): Promise<AuthScene> {
  const server = fake ?? (await startFakeAuthServer());
  return startAuthScene({ ...rest, fake: server, file: chatgptAuthFile(server) });
}

/** The states that a client was told of, in order. */
export const statesOf = (client: DaemonClient): readonly string[] =>
  client.notifications.flatMap(({ method, params }) =>
    method === 'account/state' ? [(params as { state: string }).state] : [],
  );

/** Everything that a home holds but the credentials themselves, as one text. */
export function writtenIn({ home }: TempHome): string {
  return readdirSync(home, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'auth.json')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}
