/** `npm run picture`: drives the built program with the practice model and draws what a person would see. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as pty from '@lydell/node-pty';
import headless from '@xterm/headless';
import { drawTerminal } from './terminal-picture.ts';

const FILE = '.github/picture.svg';
const SIZE = { cols: 92, rows: 34 } as const;
const PROMPT = 'Run the tests, then fix the bug';
const LIMIT_MS = 60_000;

/** What the screen has to show, and the keys that are pressed then. */
const STEPS: readonly { readonly shows: RegExp; readonly keys: string | null }[] = [
  { shows: /practice/i, keys: `${PROMPT}\r` },
  { shows: /Make this change\?[\s\S]*y\/enter/, keys: null },
];

const program = resolve('dist/codex.cjs');
const root = mkdtempSync(join(tmpdir(), 'codex-picture-'));
const folder = join(root, 'shop');
const env = {
  PATH: process.env.PATH ?? '',
  HOME: root,
  CODEX_HOME: join(root, '.codex'),
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
};

function git(...args: readonly string[]): void {
  spawnSync('git', ['-c', 'user.name=you', '-c', 'user.email=you@example.com', ...args], { cwd: folder });
}

function prepare(): void {
  mkdirSync(env.CODEX_HOME, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(env.CODEX_HOME, 'config.toml'),
    `approval_policy = "on-request"\nsandbox_mode = "read-only"\n\n[projects.${JSON.stringify(folder)}]\ntrust_level = "trusted"\n`,
  );
  cpSync('dist/example', folder, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '--message', 'Start');
}

function screenText(terminal: headless.Terminal): string {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, row) => active.getLine(row)?.translateToString(true) ?? '').join(
    '\n',
  );
}

/** Resolves when the screen fits; rejects with the screen when it does not in time. */
function waitFor(terminal: headless.Terminal, pattern: RegExp): Promise<void> {
  return new Promise((done, fail) => {
    const check = (): void => {
      if (!pattern.test(screenText(terminal))) return;
      clearTimeout(timer);
      watch.dispose();
      done();
    };
    const watch = terminal.onWriteParsed(check);
    const timer = setTimeout(() => {
      watch.dispose();
      fail(new Error(`the screen never showed ${pattern}:\n${screenText(terminal)}`));
    }, LIMIT_MS);
    check();
  });
}

async function main(): Promise<void> {
  prepare();
  const terminal = new headless.Terminal({ ...SIZE, allowProposedApi: true, scrollback: 0 });
  const child = pty.spawn(process.execPath, [program, '--practice'], { ...SIZE, cwd: folder, env });
  child.onData((data) => terminal.write(data));
  try {
    for (const { shows, keys } of STEPS) {
      await waitFor(terminal, shows);
      if (keys !== null) child.write(keys);
    }
    mkdirSync('.github', { recursive: true });
    writeFileSync(FILE, drawTerminal(terminal, { title: 'codex: a thread in the background daemon' }));
    process.stdout.write(`${FILE}\n${screenText(terminal)}\n`);
  } finally {
    child.kill();
    spawnSync(process.execPath, [program, 'daemon', 'stop'], { env, cwd: root });
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

await main();
