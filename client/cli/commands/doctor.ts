import { Command } from 'commander';
import { accountRead } from '../../../machines/protocol/methods/account.ts';
import { configRead } from '../../../machines/protocol/methods/config.ts';
import { daemonStatus } from '../../../machines/protocol/methods/daemon.ts';
import { type McpServerStatus, mcpServerStatusList } from '../../../machines/protocol/methods/mcp-server.ts';
import { type ClientHome, resolveHome } from '../../connection/home.ts';
import { withLimit } from '../../connection/limits.ts';
import type { DaemonLink } from '../../connection/link.ts';
import { socketMode } from '../../connection/socket-place.ts';
import type { Cli } from '../cli.ts';
import { CliError, errorLine } from '../cli-error.ts';
import { withLink } from '../cli-link.ts';
import type { CliContext } from '../context.ts';
import {
  type Check,
  checkConfig,
  checkCredentials,
  checkDaemon,
  checkHome,
  checkKeyring,
  checkMcp,
  checkNode,
  checkProvider,
  checkSandbox,
  checkSocket,
  checkStore,
  unchecked,
} from '../doctor-checks.ts';
import { exitCodes } from '../exit-codes.ts';
import { addLinkOptions, type LinkChoice, optionsOf } from '../options.ts';
import { choosePaint, type Paint } from '../paint.ts';

/** `codex doctor`: what works, what does not, and the command that mends it. */
export function doctorCommand(cli: Cli): Command {
  return addLinkOptions(new Command('doctor'))
    .description('check the installation; exit status 1 when something is broken')
    .option('--json', 'print a JSON array')
    .addHelpText('after', '\nExamples:\n  codex doctor\n  codex doctor --no-autostart --json')
    .action(async (_options, command: Command) => {
      const options = optionsOf(command);
      const { json } = options;
      const { context } = cli;
      if (options.remote !== undefined) throw new CliError('doctor looks at this machine; run it on the other one');
      const checks = await runChecks(context, options);
      const paint = choosePaint('auto', context.stdout, context.env);
      const text =
        json === true ? JSON.stringify(checks, null, 2) : checks.map((check) => lineOf(check, paint)).join('\n');
      context.stdout.write(`${text}\n`);
      cli.finish(checks.some(({ level }) => level === 'fail') ? exitCodes.failed : exitCodes.ok);
    });
}

async function runChecks(context: CliContext, choice: LinkChoice): Promise<readonly Check[]> {
  const home = resolveHome(context.env);
  let asked: readonly Check[];
  try {
    asked = await withLink(context, choice, (link) => askDaemon(context, link));
  } catch (error) {
    asked = withoutDaemon(choice, error);
  }
  return [checkNode(process.version), ...checkPlace(home), ...asked];
}

/** A home that cannot even be looked into has no socket to look at. */
function checkPlace(home: ClientHome): readonly Check[] {
  const { socketPath } = home.paths;
  try {
    const mode = socketMode(home);
    return [checkHome(home.home), checkSocket(socketPath, mode)];
  } catch (error) {
    return [{ name: 'home', level: 'fail', detail: errorLine(error), mend: null }, unchecked('socket')];
  }
}

async function askDaemon(context: CliContext, link: DaemonLink): Promise<readonly Check[]> {
  const status = await link.request(daemonStatus, {});
  const config = await link.request(configRead, { cwd: context.cwd }).then(
    (answer) => answer.config,
    (error: unknown) => new CliError(errorLine(error)),
  );
  const account = await link.request(accountRead, {});
  const isReadable = !(config instanceof Error);
  return [
    checkDaemon(status),
    checkSandbox(status),
    checkKeyring(status, account.store),
    checkConfig(config),
    ...(isReadable ? [checkProvider(config, context.env)] : []),
    ...(account.store ? [checkStore(account.store)] : []),
    checkCredentials(account),
    ...(isReadable ? checkMcp(await askMcp(link, config)) : []),
  ];
}

/** Servers that start slowly have a limit of their own each; nobody waits longer here for all of them. */
const MCP_LIMIT_MS = 15_000;

async function askMcp(
  link: DaemonLink,
  { mcp_servers: configured }: Readonly<Record<string, unknown>>,
): Promise<readonly McpServerStatus[] | Error> {
  if (Object.keys(configured ?? {}).length === 0) return [];
  try {
    const asked = link.request(mcpServerStatusList, { detail: 'toolsAndAuthOnly' });
    return (await withLimit(asked, MCP_LIMIT_MS, 'the MCP servers did not all start')).data;
  } catch (error) {
    return new CliError(errorLine(error));
  }
}

/** Not running is a warning; not startable is what is broken. */
function withoutDaemon({ autostart }: LinkChoice, error: unknown): readonly Check[] {
  const daemon = checkDaemon(null);
  const first: Check = autostart ? { ...daemon, level: 'fail', detail: errorLine(error), mend: null } : daemon;
  return [first, ...['sandbox', 'keyring', 'config', 'provider', 'credentials'].map(unchecked)];
}

function lineOf({ name, level, detail, mend }: Check, paint: Paint): string {
  const color = { ok: paint.green, warn: paint.yellow, fail: paint.red }[level];
  return `${color(level.padEnd(5))} ${name.padEnd(12)} ${detail}${mend === null ? '' : ` -> ${mend}`}`;
}
