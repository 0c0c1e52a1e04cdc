import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const UNLOCKED = 'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; "$@"';
const LOCKED = 'gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; "$@"';

/** Runs the entry with a session bus and a keyring of its own, which end with it; answers what it printed. */
export async function runWithSecretService(kind: string): Promise<unknown> {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'secret-')));
  const [home, runtime] = [join(top, 'home'), join(top, 'run')];
  mkdirSync(home);
  mkdirSync(runtime, { mode: 0o700 });
  const program = [process.execPath, 'test/support/run.mjs', 'test/support/secret-service-entry.ts'];
  const script = kind === 'unlocked' ? UNLOCKED : LOCKED;
  const words = kind === 'no bus' ? program : ['dbus-run-session', '--', 'sh', '-c', script, 'sh', ...program];
  const [command = '', ...args] = words;
  try {
    return JSON.parse(
      await outputOf(command, args, {
        PATH: process.env.PATH,
        HOME: top,
        XDG_RUNTIME_DIR: runtime,
        XDG_DATA_HOME: join(top, 'data'),
        CODEX_HOME: home,
        KEYCHAIN_ENTRY: join(ROOT, 'dist/keychain-process.cjs'),
      }),
    );
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

function outputOf(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complained] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complained += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`${command} ended with ${code}: ${complained}`));
    });
  });
}
