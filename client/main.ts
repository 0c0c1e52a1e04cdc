import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError, errorLine } from './cli/cli-error.ts';
import type { CliContext } from './cli/context.ts';
import { exitCodes } from './cli/exit-codes.ts';
import { openUrl } from './cli/open-url.ts';
import { runCli } from './cli/program.ts';

/** This process as a command sees it. The daemon's bundle lies beside this one. */
function processContext(): CliContext {
  const self = realpathSync(process.argv[1] ?? '.');
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: currentFolder(),
    daemonEntry: join(dirname(self), 'daemon.cjs'),
    now: () => Date.now(),
    onSignal: (signal, run) => {
      process.once(signal, run);
      return () => process.off(signal, run);
    },
    dieBy: (signal) => process.kill(process.pid, signal),
    openUrl: (url) => openUrl(url, process.env),
    loadPrinter: () => import('./schema/print.ts'),
    loadTui: () => import('./tui/app.ts'),
  };
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new CliError(`the current folder cannot be used (${errorLine(error)}); go to another one`);
  }
}

/** What was written must be out before the process ends; a reader that left is no reason to wait. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve();
    else stream.write('', () => resolve());
  });
}

async function run(): Promise<number> {
  try {
    return await runCli(process.argv.slice(2), processContext());
  } catch (error) {
    // Before there is a command.
    process.stderr.write(`error: ${errorLine(error)}\n`);
    return exitCodes.failed;
  }
}

async function main(): Promise<void> {
  // A reader that goes away (`| head`) is an end, not a crash; `exec` also stops its turn then.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const exitCode = await run();
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(exitCode);
}

void main();
