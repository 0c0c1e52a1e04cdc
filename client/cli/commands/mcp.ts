import { Command, InvalidArgumentError } from 'commander';
import { configRead, configValueWrite } from '../../../machines/protocol/methods/config.ts';
import { mcpServerAuthStatusList } from '../../../machines/protocol/methods/mcp-oauth.ts';
import type { DaemonLink } from '../../connection/link.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { withLink } from '../cli-link.ts';
import { type CliContext, say } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { type McpEntry, mcpDetails, mcpJson, mcpTable, plainAuthStatus } from '../mcp-text.ts';
import { addLinkOptions, folderOf, optionsOf } from '../options.ts';
import { mcpLoginCommand, mcpLogoutCommand, nameArgument } from './mcp-login.ts';

const PIPE_COLUMNS = 160;

const HELP = `
Threads take a change up with their next turn. Values of --env are stored in config.toml; a secret is better kept in a
variable of your environment and named with --env-var, or with --bearer-token-env-var for a server over HTTP.

Examples:
  codex mcp add notes -- notes-server --root ~/notes
  codex mcp add issues --url https://mcp.example.com/mcp --bearer-token-env-var ISSUES_TOKEN
  codex mcp list
  codex mcp get notes --json
  codex mcp login issues
  codex mcp remove notes`;

/** `codex mcp`: the MCP servers of the configuration. What they are doing is shown by `/mcp` in the interface. */
export function mcpCommand(cli: Cli): Command {
  const { context } = cli;
  const plain = (name: string, description: string) => addLinkOptions(new Command(name)).description(description);
  const command = (name: string, description: string) => plain(name, description).option('--json', 'print JSON');
  const list = async (_options: unknown, called: Command): Promise<void> => {
    const options = optionsOf(called);
    const servers = await withLink(context, options, (link) => readServers(link, folderOf(options, context.cwd)));
    if (options.json === true) printJson(context, servers.map(mcpJson));
    else if (servers.length === 0) say(context, 'no MCP server is configured; `codex mcp add` adds one');
    else context.stdout.write(`${mcpTable(servers, context.stdout.columns ?? PIPE_COLUMNS)}\n`);
    cli.finish(exitCodes.ok);
  };
  const mcp = command('mcp', 'list, add and remove MCP servers, whose tools the model may use; sign in to them');
  mcp.enablePositionalOptions().addHelpText('after', HELP).action(list);
  mcp.addCommand(command('list', 'list the configured servers').action(list));
  mcp.addCommand(getCommand(cli, command('get', 'show one server')));
  mcp.addCommand(addCommand(cli, command('add', 'add a server, or put another in its place')));
  mcp.addCommand(removeCommand(cli, command('remove', 'remove a server')));
  mcp.addCommand(mcpLoginCommand(cli, plain('login', 'sign in to a server over HTTP, with a browser')));
  mcp.addCommand(mcpLogoutCommand(cli, plain('logout', 'sign out of a server over HTTP')));
  return mcp;
}

function getCommand(cli: Cli, command: Command): Command {
  const { context } = cli;
  return command.addArgument(nameArgument()).action(async (name: string, _options, called: Command) => {
    const options = optionsOf(called);
    const servers = await withLink(context, options, (link) => readServers(link, folderOf(options, context.cwd), name));
    const found = servers.find((server) => server.name === name);
    if (!found) throw unknownServer(name);
    if (options.json === true) printJson(context, mcpJson(found));
    else context.stdout.write(`${mcpDetails(found)}\n`);
    cli.finish(exitCodes.ok);
  });
}

function addCommand(cli: Cli, command: Command): Command {
  const { context } = cli;
  return command
    .addArgument(nameArgument())
    .argument('[command...]', 'the program and its arguments, after --')
    .option('--env <key=value>', 'a variable for the program (repeatable)', collectPair)
    .option('--env-var <name>', 'a variable of your environment to pass on (repeatable)', collect)
    .option('--url <url>', 'a server over HTTP in place of a program')
    .option('--bearer-token-env-var <name>', 'with --url: the variable of your environment that holds its token')
    .action(async (name: string, words: readonly string[], _options, called: Command) => {
      const options = optionsOf(called);
      const value = entryOf(words, options as AddOptions);
      const edit = { keyPath: `mcp_servers.${name}`, value, mergeStrategy: 'replace' as const };
      const { filePath, authStatus } = await withLink(context, options, async (link) => ({
        ...(await link.request(configValueWrite, edit)),
        authStatus: (await readAuth(link, name)).get(name) ?? plainAuthStatus(value),
      }));
      if (options.json === true) printJson(context, mcpJson({ name, config: value, authStatus }));
      else say(context, `the MCP server ${name} is in ${filePath}`);
      if (authStatus === 'notLoggedIn') say(context, `it wants a sign-in: \`codex mcp login ${name}\``);
      cli.finish(exitCodes.ok);
    });
}

function removeCommand(cli: Cli, command: Command): Command {
  const { context } = cli;
  return command.addArgument(nameArgument()).action(async (name: string, _options, called: Command) => {
    const options = optionsOf(called);
    const isRemoved = await withLink(context, options, (link) => remove(link, name));
    if (!isRemoved) throw unknownServer(name);
    if (options.json === true) printJson(context, { name, removed: true });
    else say(context, `the MCP server ${name} is removed`);
    cli.finish(exitCodes.ok);
  });
}

/** Only the home's own configuration is written; false: it does not have this server. */
async function remove(link: DaemonLink, name: string): Promise<boolean> {
  const { layers } = await link.request(configRead, { includeLayers: true });
  const own = layers?.find((layer) => layer.name.type === 'user' && layer.name.profile === null);
  if (!serversOf(own?.config).some((server) => server.name === name)) return false;
  await link.request(configValueWrite, { keyPath: `mcp_servers.${name}`, value: null, mergeStrategy: 'replace' });
  return true;
}

interface AddOptions {
  readonly env?: readonly string[];
  readonly envVar?: readonly string[];
  readonly url?: string;
  readonly bearerTokenEnvVar?: string;
}

function entryOf(words: readonly string[], options: AddOptions): Record<string, unknown> {
  const { env, envVar, url, bearerTokenEnvVar } = options;
  const [program, ...args] = words;
  if ((program === undefined) === (url === undefined))
    throw new CliError('say how to start it, after --, or how to reach it with --url', exitCodes.usage);
  if (url !== undefined) {
    if (env || envVar) throw new CliError('--env and --env-var are for a program, not for --url', exitCodes.usage);
    return { url, ...(bearerTokenEnvVar === undefined ? {} : { bearer_token_env_var: bearerTokenEnvVar }) };
  }
  if (bearerTokenEnvVar !== undefined)
    throw new CliError('--bearer-token-env-var is for --url, not for a program', exitCodes.usage);
  const pairs = env?.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return {
    command: program,
    ...(args.length === 0 ? {} : { args }),
    ...(pairs ? { env: Object.fromEntries(pairs) } : {}),
    ...(envVar ? { env_vars: [...envVar] } : {}),
  };
}

/** @param serverName the only one whose authentication is asked for */
async function readServers(link: DaemonLink, cwd: string, serverName: string | null = null): Promise<McpEntry[]> {
  const { config } = await link.request(configRead, { cwd });
  const servers = serversOf(config);
  const auth = servers.length === 0 ? new Map() : await readAuth(link, serverName);
  return servers.map((entry) => ({ ...entry, authStatus: auth.get(entry.name) ?? plainAuthStatus(entry.config) }));
}

/** By name. A server of the reference has no such answer. */
async function readAuth(link: DaemonLink, serverName: string | null): Promise<Map<string, McpEntry['authStatus']>> {
  if (link.clientId === null) return new Map();
  const { data } = await link.request(mcpServerAuthStatusList, { serverName });
  return new Map(data.map(({ name, authStatus }) => [name, authStatus]));
}

function serversOf(config: Readonly<Record<string, unknown>> | undefined): Omit<McpEntry, 'authStatus'>[] {
  const servers = (config?.mcp_servers ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return Object.entries(servers).map(([name, entry]) => ({ name, config: entry }));
}

const unknownServer = (name: string): CliError =>
  new CliError(`there is no MCP server ${name}; \`codex mcp list\` lists them`);

const printJson = (context: CliContext, value: unknown) => context.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function collectPair(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^=\s]+=/.test(value)) throw new InvalidArgumentError('write it as KEY=VALUE.');
  return [...before, value];
}
