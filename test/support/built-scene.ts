/** The built programs, run as a person runs them: own home, own folder, terminals, and no code of ours in between. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import {
  assertValidRequest,
  type FakeOpenai,
  type RecordedRequest,
  type Step,
  startFakeOpenai,
} from './fake-openai.ts';
import { makeRepository } from './repository.ts';
import { clientEnvironment, leftovers, withLimit } from './start-daemon.ts';
import { makeTempHome, type ProviderConfig, type TempHome, writeProviderConfig } from './temp-home.ts';
import { openTerminal, type Terminal, type TerminalOptions } from './terminal.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

/** The built programs (`npm run build`), or those of another folder. */
const programs = process.env.CODEX_TEST_PROGRAMS ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist');
export const codexProgram = join(programs, 'codex.cjs');

export interface BuiltSceneOptions {
  readonly script?: readonly Step[] | ((request: RecordedRequest) => Step);
  /** Null writes no config.toml: the practice model answers. */
  readonly config?: ProviderConfig | null;
  /** False leaves the working folder without a git repository. */
  readonly isRepository?: boolean;
}

export interface RunOptions {
  /** Piped into the program; none is an empty stdin. */
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command, such as those of another sandbox. */
  readonly via?: readonly string[];
}

/** A program that has ended. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs, without a terminal. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ran>;
  kill(signal: NodeJS.Signals): void;
  /** The first line of its stdout. */
  line(): Promise<string>;
  /** Resolves when its stderr fits. */
  saw(pattern: RegExp): Promise<void>;
}

export type TuiOptions = Pick<RunOptions, 'cwd' | 'env'> & Pick<TerminalOptions, 'columns' | 'rows'>;

export interface BuiltScene {
  readonly temp: TempHome;
  readonly openai: FakeOpenai;
  /** The variables of its programs. */
  env(more?: Readonly<Record<string, string>>): Record<string, string>;
  /** Runs `codex ARGS` without a terminal. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  start(args: readonly string[], options?: RunOptions): Started;
  /** Runs `codex ARGS` in a terminal. */
  tui(args: readonly string[], options?: TuiOptions): Terminal;
  /** Runs any program in a terminal, with the scene's variables. */
  terminal(command: string, args: readonly string[], options?: TuiOptions): Terminal;
  /** The process id of the daemon that answers; null when none does. */
  daemonPid(): Promise<number | null>;
  /** Waits until the only thread, or the one whose line fits, is in a state such as `idle`. */
  threadIs(state: string, pattern?: RegExp): Promise<void>;
}

/**
 * Sets a scene for one test. When the test is over, every terminal is closed and the daemon stopped, and the test
 * fails if a process or a file was left behind, if the script did not fit, or if a request was not valid.
 */
export async function buildScene(options: BuiltSceneOptions = {}): Promise<BuiltScene> {
  if (!existsSync(codexProgram)) throw new Error(`${codexProgram} is missing: run \`npm run build\` first`);
  const temp = makeTempHome();
  const openai = await startFakeOpenai(options.script ?? []);
  if (options.config !== null) writeProviderConfig(temp.home, openai.baseUrl, options.config);
  if (options.isRepository !== false) makeRepository(temp.workspace);
  const terminals: Terminal[] = [];
  const children: ChildProcess[] = [];
  const envOf = (more?: RunOptions['env']): Record<string, string> => ({
    ...clientEnvironment(temp).variables,
    LANG: 'C.UTF-8',
    CODEX_HOME: temp.home,
    ...more,
  });
  const scene: BuiltScene = {
    temp,
    openai,
    env: envOf,
    run: (args, runOptions) => scene.start(args, runOptions).ended,
    start(args, { stdin = '', cwd = temp.workspace, env, via = [] } = {}) {
      const [command = '', ...rest] = [...via, process.execPath, codexProgram, ...args];
      const child = spawn(command, rest, { cwd, env: envOf(env), stdio: 'pipe' });
      children.push(child);
      return startedOf(child, stdin);
    },
    tui: (args, tuiOptions) => scene.terminal(process.execPath, [codexProgram, ...args], tuiOptions),
    terminal(command, args, { cwd = temp.workspace, env, ...size } = {}) {
      const terminal = openTerminal({ command, args, cwd, env: envOf(env), ...size });
      terminals.push(terminal);
      return terminal;
    },
    async daemonPid() {
      const { stdout } = await scene.run(['daemon', 'status', '--json']);
      return (JSON.parse(stdout) as { readonly pid?: number }).pid ?? null;
    },
    threadIs: (state, pattern = /./) => waitForThread(scene, state, pattern),
  };
  onTestFinished(async () => {
    try {
      for (const terminal of terminals) await endTerminal(terminal);
      for (const child of children) child.kill('SIGKILL');
      await scene.run(['daemon', 'stop']);
      expect(leftovers(temp)).toEqual([]);
      expect(openai.problems).toEqual([]);
      for (const request of openai.requests) assertValidRequest(request);
    } finally {
      await openai.close();
      temp.remove();
    }
  });
  return scene;
}

async function endTerminal(terminal: Terminal): Promise<void> {
  try {
    terminal.kill('SIGKILL');
  } catch {
    // it has ended
  }
  await withLimit(terminal.exited, WAIT_LIMIT_MS, 'a killed terminal to end');
}

function startedOf(child: ChildProcess, stdin: string): Started {
  let stdout = '';
  let stderr = '';
  const looks = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const look of [...looks]) look();
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const look of [...looks]) look();
  });
  // A program that ends early closes its stdin; what is still written there is lost, and that is right.
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const found = <T>(what: string, find: () => T | null): Promise<T> => {
    const finding = new Promise<T>((resolve, reject) => {
      const look = () => {
        const value = find();
        if (value === null) return;
        looks.delete(look);
        resolve(value);
      };
      looks.add(look);
      look();
      child.on('close', () => reject(new Error(`the program ended without ${what}: ${stderr}`)));
    });
    return withLimit(finding, WAIT_LIMIT_MS, `${what} of \`${words}\``);
  };
  const words = child.spawnargs.join(' ');
  return {
    pid: child.pid ?? 0,
    ended: withLimit(ended, WAIT_LIMIT_MS, `\`${words}\` to end`),
    kill: (signal) => void child.kill(signal),
    line: () => found('a line on stdout', () => (stdout.includes('\n') ? (stdout.split('\n')[0] ?? '') : null)),
    saw: (pattern) => found(`${pattern} on stderr`, () => (pattern.test(stderr) ? undefined : null)),
  };
}

/** Nobody tells a shell of a thread's state: it is asked again and again. */
async function waitForThread(scene: BuiltScene, state: string, pattern: RegExp): Promise<void> {
  const giveUpAtMs = Date.now() + WAIT_LIMIT_MS;
  for (;;) {
    const { stdout } = await scene.run(['threads', '--json']);
    const threads = JSON.parse(stdout) as readonly { readonly state: string }[];
    const found = threads.find((thread) => pattern.test(JSON.stringify(thread)));
    if (found?.state === state) return;
    if (Date.now() > giveUpAtMs) throw new Error(`waited in vain for a thread that is ${state}: ${stdout}`);
  }
}
