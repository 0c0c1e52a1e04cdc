import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A home and a workspace of one test, in a folder of their own. */
export interface TempHome {
  /** Holds everything below; also `HOME` of the test's clients. */
  readonly root: string;
  /** `CODEX_HOME`, a real path. */
  readonly home: string;
  /** Where the test's clients work. */
  readonly workspace: string;
  remove(): void;
}

/** Short on purpose: the socket's path has to fit (DESIGN §7), which the temporary folder of macOS alone would spend. */
const SHORT_TMP = existsSync('/tmp') ? '/tmp' : tmpdir();

/** Makes the folders. @param below folders between root and home, to make the home's path long */
export function makeTempHome(below = ''): TempHome {
  const root = mkdtempSync(join(realpathSync(SHORT_TMP), 'cx-'));
  const home = join(root, below, 'home');
  const workspace = join(root, 'work');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(workspace);
  return { root, home, workspace, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** The variable that holds the scripted server's key, and the key. */
export const KEY_NAME = 'FAKE_KEY';
export const KEY = 'sk-fake-key-0123456789';

export interface ProviderConfig {
  /** More lines at the top of the file. */
  readonly top?: readonly string[];
  /** More lines in the provider's table; `env_key` is there unless it is replaced. */
  readonly provider?: readonly string[];
  /** Whole tables, behind everything. */
  readonly tables?: readonly string[];
  readonly envKey?: string | null;
}

/** Writes a `config.toml` whose only provider is a scripted server. No silent retries, and quick reconnects. */
export function writeProviderConfig(home: string, baseUrl: string, config: ProviderConfig = {}): void {
  const { top = [], provider = [], tables = [], envKey = KEY_NAME } = config;
  const lines = [
    'model = "gpt-5.5"',
    'model_provider = "fake"',
    'cli_auth_credentials_store = "file"',
    ...top,
    '[model_providers.fake]',
    'name = "Fake"',
    `base_url = "${baseUrl}"`,
    'request_max_retries = 0',
    'stream_max_retries = 2',
    ...(envKey === null ? [] : [`env_key = "${envKey}"`]),
    ...provider,
    ...tables,
  ];
  writeFileSync(join(home, 'config.toml'), `${lines.join('\n')}\n`);
}
