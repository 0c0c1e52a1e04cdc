import { Command, InvalidArgumentError } from 'commander';
import { daemonActorsList } from '../../../machines/protocol/methods/daemon.ts';
import { homeUnusable } from '../../connection/connect-error.ts';
import { type ClientHome, resolveHome } from '../../connection/home.ts';
import { actorsTable } from '../actors-table.ts';
import type { Cli } from '../cli.ts';
import { type CliContext, columnsOf, say } from '../context.ts';
import { askRunning, findDaemon, type NotThere, runDaemon, startDaemon, stopDaemon } from '../daemon-control.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { followFile, lastLines } from '../log-tail.ts';
import { optionsOf } from '../options.ts';
import { installService, serviceText, uninstallService } from '../service.ts';
import { statusText } from '../status-text.ts';

/** `codex daemon …`: the daemon's life (DESIGN §7). None of these starts it but `start`, `restart` and `run`. */
export function daemonCommand(cli: Cli): Command {
  const { context } = cli;
  const daemon = new Command('daemon')
    .description('start, stop and look at the background daemon')
    .addHelpText('after', '\nExamples:\n  codex daemon status\n  codex daemon restart\n  codex daemon logs -f');

  daemon
    .command('start')
    .description('start it; it then stays until it is stopped')
    .action(async () => cli.finish(await start(context)));
  addDrain(daemon.command('stop').description('stop it and wait until it is gone')).action(async (options) =>
    cli.finish(await stop(context, options.drain)),
  );
  addDrain(daemon.command('restart').description('stop it and start it again')).action(async (options) => {
    await stopDaemon(context, options.drain * 1000);
    cli.finish(await start(context));
  });
  daemon
    .command('status')
    .description('say how it is; exit status 3 when it is not running')
    .option('--json', 'print a JSON object')
    .action(async (options: { json?: boolean }) => cli.finish(await status(context, options.json === true)));
  daemon
    .command('actors')
    .description('list what is at work in it, as a tree: each with its state, and for how long')
    .option('--json', 'print a JSON object')
    .action(async (options: { json?: boolean }) => cli.finish(await actors(context, options.json === true)));
  daemon
    .command('logs')
    .description('print the end of its log')
    .option('-n, --lines <count>', 'this many lines', parseWhole, 50)
    .option('-f, --follow', 'go on until Ctrl-C')
    .action(async (_options, command: Command) => {
      const { lines, follow } = optionsOf(command);
      cli.finish(await logs(context, Number(lines), follow === true));
    });
  daemon
    .command('run')
    .description('run it in the foreground, for a service manager')
    .action(async () => cli.finish((await runDaemon(context)) === 0 ? exitCodes.ok : exitCodes.failed));
  daemon
    .command('install')
    .description('let the service manager (systemd, launchd) run it, from now on and after each login')
    .option('--print', 'only print the file that would be written')
    .action(async (options: { print?: boolean }) => cli.finish(await install(context, options.print === true)));
  daemon
    .command('uninstall')
    .description('end that service and remove its file')
    .action(() => {
      const path = uninstallService(context);
      context.stdout.write(path === null ? 'not installed\n' : `removed ${path}\n`);
      cli.finish(exitCodes.ok);
    });
  return daemon;
}

async function install(context: CliContext, isPrinting: boolean): Promise<ExitCode> {
  context.stdout.write(isPrinting ? serviceText(context) : `installed ${await installService(context)}\n`);
  return exitCodes.ok;
}

const addDrain = (command: Command): Command =>
  command.option('--drain <seconds>', 'let running turns go on for so long before they are interrupted', parseWhole, 0);

async function start(context: CliContext): Promise<ExitCode> {
  const { wasStarted, pid } = await startDaemon(context);
  context.stdout.write(`${wasStarted ? 'started' : 'already running'} (pid ${pid})\n`);
  return exitCodes.ok;
}

async function stop(context: CliContext, drainSeconds: number): Promise<ExitCode> {
  const wasRunning = await stopDaemon(context, drainSeconds * 1000);
  context.stdout.write(wasRunning ? 'stopped\n' : 'not running\n');
  return exitCodes.ok;
}

async function status(context: CliContext, isJson: boolean): Promise<ExitCode> {
  const found = await findDaemon(context);
  if (found.kind !== 'running') return notThere(context, found.kind, isJson);
  const { status } = found;
  context.stdout.write(`${isJson ? JSON.stringify({ running: true, ...status }, null, 2) : statusText(status)}\n`);
  return exitCodes.ok;
}

async function actors(context: CliContext, isJson: boolean): Promise<ExitCode> {
  const found = await askRunning(context, daemonActorsList);
  if (found.kind !== 'running') return notThere(context, found.kind, isJson);
  const { data } = found.answer;
  const text = isJson ? JSON.stringify({ running: true, actors: data }, null, 2) : null;
  context.stdout.write(`${text ?? actorsTable(data, context.now(), columnsOf(context))}\n`);
  return exitCodes.ok;
}

function notThere(context: CliContext, kind: NotThere['kind'], isJson: boolean): ExitCode {
  const state = kind === 'notRunning' ? 'not running' : 'stopping';
  context.stdout.write(isJson ? `${JSON.stringify({ running: false, state })}\n` : `${state}\n`);
  return exitCodes.notRunning;
}

async function logs(context: CliContext, count: number, isFollowing: boolean): Promise<ExitCode> {
  const home = resolveHome(context.env);
  const { logPath } = home.paths;
  const end = endOfLog(home, count);
  if (end === '' && !isFollowing) say(context, `there is no log yet at ${logPath}`);
  context.stdout.write(end);
  if (!isFollowing) return exitCodes.ok;

  const aborted = new AbortController();
  const dispose = context.onSignal('SIGINT', () => aborted.abort());
  context.stdout.on('error', () => aborted.abort());
  await followFile(logPath, (text) => context.stdout.write(text), aborted.signal);
  dispose();
  return exitCodes.interrupted;
}

/** @throws ConnectError homeUnusable */
function endOfLog({ home, paths }: ClientHome, count: number): string {
  try {
    return lastLines(paths.logPath, count);
  } catch (error) {
    throw homeUnusable(home, error);
  }
}

function parseWhole(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('write a whole number of 0 or more.');
  return count;
}
