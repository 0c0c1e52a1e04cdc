import { Readable, Writable } from 'node:stream';
import type { CliContext } from '../../client/cli/context.ts';
import { runCli } from '../../client/cli/program.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

class Sink extends Writable {
  text = '';
  private readonly looks = new Set<() => void>();
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8');
    for (const look of [...this.looks]) look();
    done();
  }

  /** Resolves when the text so far holds this. */
  saw(part: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!this.text.includes(part)) return;
        clearTimeout(timer);
        this.looks.delete(look);
        resolve();
      };
      const timer = setTimeout(() => reject(new Error(`waited for ${part} in: ${this.text}`)), WAIT_LIMIT_MS);
      this.looks.add(look);
      look();
    });
  }
}

export interface CliRun {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly daemonEntry?: string;
  readonly loadTui?: CliContext['loadTui'];
  readonly isTerminal?: boolean;
  /** Of stdout; 200 unless told. */
  readonly columns?: number;
}

/** Runs one command line in this process, with streams in memory. */
export function startCli(args: readonly string[], run: CliRun) {
  const stdout = new Sink();
  const stderr = new Sink();
  const signals = new Map<NodeJS.Signals, () => void>();
  const deaths: NodeJS.Signals[] = [];
  const openedUrls: string[] = [];
  const { isTerminal = false } = run;
  const context: CliContext = {
    stdin: Object.assign(Readable.from(run.stdin === undefined ? [] : [run.stdin]), { isTTY: isTerminal }),
    stdout: Object.assign(stdout, { isTTY: isTerminal, columns: run.columns ?? 200 }),
    stderr,
    env: run.env,
    cwd: run.cwd ?? '/',
    daemonEntry: run.daemonEntry ?? '/no/such/daemon.cjs',
    now: () => 1_700_000_100_000,
    onSignal: (signal, handler) => {
      signals.set(signal, handler);
      return () => signals.delete(signal);
    },
    dieBy: (signal) => void deaths.push(signal),
    openUrl: (url) => void openedUrls.push(url),
    loadPrinter: () => import('../../client/schema/print.ts'),
    loadTui: run.loadTui ?? (() => Promise.reject(new Error('this test has no terminal interface'))),
  };
  const exit = runCli(args, context);
  return {
    stdout,
    stderr,
    deaths,
    openedUrls,
    signal: (name: NodeJS.Signals) => signals.get(name)?.(),
    /** The outcome of the whole run. */
    done: exit.then((exitCode) => ({ exitCode, stdout: stdout.text, stderr: stderr.text })),
  };
}
