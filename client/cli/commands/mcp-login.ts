import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { Cli } from '../cli.ts';
import { say } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { signInToMcp, signOutOfMcp } from '../mcp-sign-in.ts';
import { optionsOf } from '../options.ts';

/** The name of a configured server. */
export const nameArgument = () => new Argument('<name>', 'letters, digits, - and _').argParser(parseName);

/** `codex mcp login`: with a browser; the daemon waits for it. */
export function mcpLoginCommand(cli: Cli, command: Command): Command {
  return command
    .addArgument(nameArgument())
    .option('--scopes <scope,scope>', 'rights to ask for, in place of those that the server names', parseScopes)
    .option('--no-browser', 'print the address and open no browser')
    .action(async (name: string, _options, called: Command) => {
      const options = optionsOf(called);
      const { scopes, browser } = options as { readonly scopes?: readonly string[]; readonly browser?: boolean };
      const login = { name, scopes: scopes ?? null, opensBrowser: browser !== false };
      cli.finish(await signInToMcp(cli.context, options, login));
    });
}

/** `codex mcp logout`: the tokens are taken back at the server, if it can be told, and erased. */
export function mcpLogoutCommand(cli: Cli, command: Command): Command {
  const { context } = cli;
  return command
    .addArgument(nameArgument())
    .option('--json', 'print JSON')
    .action(async (name: string, _options, called: Command) => {
      const options = optionsOf(called);
      const { wasSignedIn, isRevoked, notice } = await signOutOfMcp(context, options, name);
      const done = wasSignedIn
        ? `Removed OAuth credentials for '${name}'`
        : `No OAuth credentials stored for '${name}'.`;
      if (options.json === true) {
        const outcome = { name, removed: wasSignedIn, revoked: isRevoked, notice };
        context.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
      } else say(context, wasSignedIn ? `${done}${notice === null ? ', and revoked them.' : `; ${notice}`}` : done);
      cli.finish(exitCodes.ok);
    });
}

function parseScopes(text: string): readonly string[] {
  const scopes = text.split(/[\s,]+/).filter(Boolean);
  if (scopes.length === 0) throw new InvalidArgumentError('name at least one.');
  return scopes;
}

function parseName(name: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) throw new InvalidArgumentError('a name holds letters, digits, - and _ only.');
  return name;
}
