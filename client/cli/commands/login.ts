import { Command, Option } from 'commander';
import { accountLoginStart } from '../../../machines/protocol/methods/account.ts';
import { loginFailureLine } from '../../account/failure-text.ts';
import type { Cli } from '../cli.ts';
import { withLink } from '../cli-link.ts';
import { type CliContext, say } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { showLoginStatus } from '../login-status.ts';
import { addLinkOptions, type LinkChoice, optionsOf } from '../options.ts';
import { readAll } from '../prompt.ts';
import { signIn } from '../sign-in.ts';

const PIPE_IT = 'pipe the key into it: printenv OPENAI_API_KEY | codex login --with-api-key';

/** `codex login`: with a browser, a code or an API key. It speaks on stderr, but for the code (auth.md §2). */
export function loginCommand(cli: Cli): Command {
  const login = addLinkOptions(new Command('login'))
    .description('sign in with ChatGPT in a browser, or as the options say')
    .option('--device-auth', 'sign in with a code on another device')
    .option('--with-api-key', 'read an API key from stdin')
    .addOption(new Option('--api-key <key>', 'removed: keys do not belong on a command line').hideHelp())
    .addOption(new Option('--experimental_issuer <url>', 'auth server of --device-auth').hideHelp())
    .addOption(new Option('--experimental_client-id <id>', 'client id of --device-auth').hideHelp())
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Examples:
  codex login
  codex login --device-auth
  printenv OPENAI_API_KEY | codex login --with-api-key
  codex login status`,
    )
    .action(async (_options, command: Command) => cli.finish(await logIn(cli.context, optionsOf(command))));
  return login.addCommand(statusCommand(cli));
}

function statusCommand(cli: Cli): Command {
  return addLinkOptions(new Command('status'))
    .description('say who is signed in; exit status 1 when nobody is')
    .action(async (_options, command: Command) => {
      cli.finish(await showLoginStatus(cli.context, optionsOf(command)));
    });
}

/** The code wins over the key, and only it takes an issuer and a client id (auth.md §2). */
function logIn(context: CliContext, options: ReturnType<typeof optionsOf>): Promise<ExitCode> | ExitCode {
  const { apiKey, withApiKey, deviceAuth } = options;
  if (apiKey !== undefined) return refuse(context, `The --api-key flag is gone; ${PIPE_IT}`);
  if (deviceAuth === true) {
    const { experimental_issuer: issuer, experimental_clientId: clientId } = options;
    return signIn(context, options, {
      type: 'chatgptDeviceCode',
      ...(typeof issuer === 'string' ? { issuer } : {}),
      ...(typeof clientId === 'string' ? { clientId } : {}),
    });
  }
  return withApiKey === true ? storeKey(context, options) : signIn(context, options, { type: 'chatgpt' });
}

function refuse(context: CliContext, why: string): ExitCode {
  say(context, why);
  return exitCodes.failed;
}

async function storeKey(context: CliContext, choice: LinkChoice): Promise<ExitCode> {
  if (context.stdin.isTTY) return refuse(context, `--with-api-key reads the key from stdin; ${PIPE_IT}`);
  say(context, 'Reading API key from stdin...');
  const apiKey = (await readAll(context.stdin)).trim();
  if (apiKey === '') return refuse(context, 'No API key provided via stdin.');
  try {
    await withLink(context, choice, (link) => link.request(accountLoginStart, { type: 'apiKey', apiKey }));
  } catch (error) {
    return refuse(context, loginFailureLine(error));
  }
  say(context, 'Successfully logged in');
  return exitCodes.ok;
}
