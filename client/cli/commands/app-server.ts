import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { daemonListenerClose, daemonListenerOpen } from '../../../machines/protocol/methods/daemon.ts';
import { environmentOf } from '../../connection/client-facts.ts';
import { connectDaemon } from '../../connection/connect.ts';
import type { Connection } from '../../connection/connection.ts';
import { withLimit } from '../../connection/limits.ts';
import type { Place } from '../../connection/place.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { connectOptionsOf } from '../cli-link.ts';
import { type CliContext, say } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { addLinkOptions, type CliOptions, optionsOf } from '../options.ts';
import { schemaCommands } from '../schema-commands.ts';
import { runStdioProxy } from '../stdio-proxy.ts';
import { endBy, untilSignal } from '../until-signal.ts';

const NAME = 'codex-app-server';
const CLOSE_LIMIT_MS = 2_000;

interface ServerOptions extends CliOptions {
  readonly listen: string;
  readonly stdio?: boolean;
  readonly stay?: boolean;
  readonly json?: boolean;
  readonly wsTokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** `codex app-server`: the daemon behind another door, for programs that speak the app-server protocol. */
export function appServerCommand(cli: Cli): Command {
  const server = addLinkOptions(new Command('app-server'))
    .description('let other programs talk to the daemon, which is started when needed')
    .enablePositionalOptions()
    .option(
      '--listen <address>',
      'stdio://, unix://PATH, unix:// (the control path of the reference), ws://IP:PORT, wss://IP:PORT or off',
      'stdio://',
    )
    .option('--stdio', 'the same as --listen stdio://')
    .addOption(new Option('--ws-auth <mode>', 'how ws and wss clients show who they are').choices(['capability-token']))
    .option('--ws-token-file <file>', 'file (mode 0600) with their token; one is made if left out')
    .option('--tls-cert <file>', 'certificate for wss, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--stay', 'leave the listener to the daemon instead of closing it with this command')
    .option('--json', 'print where it listens as a JSON object')
    .addHelpText(
      'after',
      `
Exit status: 0 when the input ended or the listener stays, 1 when the daemon went away, 130 after Ctrl-C.

Examples:
  codex app-server
  codex app-server --listen unix:///run/user/1000/codex/app.sock
  codex app-server --listen ws://127.0.0.1:4500 --ws-token-file ~/.config/codex-token`,
    )
    .action(async (_options, command: Command) => {
      const options = optionsOf(command) as unknown as ServerOptions;
      cli.finish(await serve(cli.context, options));
    });
  for (const command of schemaCommands(cli)) server.addCommand(command);
  return server;
}

function serve(context: CliContext, options: ServerOptions): Promise<ExitCode> {
  if (options.stdio || options.listen === 'stdio://') return serveStdio(context, options);
  if (options.remote !== undefined) throw new CliError('--remote goes with --listen stdio:// only');
  return options.listen === 'off' ? hold(context, options) : serveListener(context, options);
}

async function serveStdio(context: CliContext, options: ServerOptions): Promise<ExitCode> {
  const { connectOptions } = connectOptionsOf(context, { name: NAME, cwd: context.cwd, choice: options });
  const { home, remote } = connectOptions;
  if (remote?.kind === 'ssh') throw new CliError('run `ssh HOST codex app-server` for that');
  // The connection of its own starts a missing daemon, or replaces an old one; then it has done its part.
  if (!remote) (await connectDaemon(connectOptions, { notified: () => {}, closed: () => {} })).close();
  const place: Exclude<Place, { kind: 'ssh' }> = remote ?? { kind: 'unix', path: home.paths.socketPath };
  const { stdin, stdout, cwd, env } = context;
  const environment = environmentOf(cwd, env);
  const proxy = runStdioProxy({ place, input: stdin, output: stdout, environment, pid: process.pid });
  const outcome = await untilSignal(context, proxy);
  if (outcome.kind === 'signal') return endBy(context, outcome.signal);
  if (outcome.value.kind === 'inputEnded') return exitCodes.ok;
  say(context, `error: the daemon is gone: ${outcome.value.why}`);
  return exitCodes.failed;
}

async function serveListener(context: CliContext, options: ServerOptions): Promise<ExitCode> {
  const { connection, gone } = await connect(context, options);
  try {
    const opened = await connection.peer.request(daemonListenerOpen, { ...listenerOf(context, options) });
    tell(context, opened, options.json === true);
    if (options.stay) return exitCodes.ok;
    const close = () => connection.peer.request(daemonListenerClose, { address: opened.address });
    return await wait(context, gone, close);
  } finally {
    connection.close();
  }
}

/** No door of its own: the daemon only stays up as long as this runs. */
async function hold(context: CliContext, options: ServerOptions): Promise<ExitCode> {
  const { connection, gone } = await connect(context, options);
  say(context, 'listening nowhere else; the daemon stays up while this runs');
  try {
    return await wait(context, gone, () => Promise.resolve());
  } finally {
    connection.close();
  }
}

async function connect(
  context: CliContext,
  options: ServerOptions,
): Promise<{ readonly connection: Connection; readonly gone: Promise<string> }> {
  const { connectOptions } = connectOptionsOf(context, { name: NAME, cwd: context.cwd, choice: options });
  let tellGone: (why: string) => void = () => {};
  const gone = new Promise<string>((resolve) => {
    tellGone = resolve;
  });
  const connection = await connectDaemon(connectOptions, { notified: () => {}, closed: (_, why) => tellGone(why) });
  return { connection, gone };
}

function listenerOf({ cwd }: CliContext, { listen, wsTokenFile, tlsCert, tlsKey, stay }: ServerOptions) {
  const full = (path: string | undefined): string | null => (path === undefined ? null : resolve(cwd, path));
  const isRelative = /^unix:\/\/[^/]/.test(listen);
  const address = isRelative ? `unix://${resolve(cwd, listen.slice('unix://'.length))}` : listen;
  return {
    address,
    tokenFile: full(wsTokenFile),
    certFile: full(tlsCert),
    keyFile: full(tlsKey),
    stays: stay === true,
  };
}

/** The place for programs on stdout, and for people what they need to use it. */
function tell(
  context: CliContext,
  opened: { readonly address: string; readonly tokenFile: string | null },
  isJson: boolean,
): void {
  if (isJson) {
    context.stdout.write(`${JSON.stringify(opened)}\n`);
    return;
  }
  const { address, tokenFile } = opened;
  const http = address.replace(/^ws/, 'http');
  const lines = [
    `listening on ${address}`,
    ...(tokenFile === null ? [] : [`token in ${tokenFile}`, `probes at ${http}/readyz and ${http}/healthz`]),
  ];
  context.stdout.write(`${lines.join('\n')}\n`);
}

async function wait(context: CliContext, gone: Promise<string>, close: () => Promise<unknown>): Promise<ExitCode> {
  const outcome = await untilSignal(context, gone);
  if (outcome.kind === 'signal') {
    await withLimit(close(), CLOSE_LIMIT_MS, 'the daemon did not close the listener').catch(() => {});
    return endBy(context, outcome.signal);
  }
  say(context, `error: the daemon is gone, and the listener with it: ${outcome.value}`);
  return exitCodes.failed;
}
