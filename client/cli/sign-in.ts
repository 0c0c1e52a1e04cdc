import { loginFailureLine, reasonText } from '../account/failure-text.ts';
import type { DaemonLink } from '../connection/link.ts';
import { withLink } from './cli-link.ts';
import { type CliContext, say } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { LinkChoice } from './options.ts';
import { endBy, untilSignal } from './until-signal.ts';
import { type LoginParams, type StartedLogin, startLogin } from './watch-login.ts';

/** Signs in by browser or code: says what to do, and waits until it is done. Ctrl-C cancels it. */
export async function signIn(context: CliContext, choice: LinkChoice, params: LoginParams): Promise<ExitCode> {
  try {
    return await withLink(context, choice, (link) => attempt(context, link, params));
  } catch (error) {
    say(context, loginFailureLine(error));
    return exitCodes.failed;
  }
}

async function attempt(context: CliContext, link: DaemonLink, params: LoginParams): Promise<ExitCode> {
  const login = startLogin(link, params, (started) => show(context, started));
  const outcome = await untilSignal(context, login.end);
  if (outcome.kind === 'signal') {
    await login.cancel();
    say(context, 'Login cancelled');
    return endBy(context, outcome.signal);
  }
  const { success, error } = outcome.value;
  say(context, success ? 'Successfully logged in' : `Error logging in: ${reasonText(error ?? 'no reason was given')}`);
  return success ? exitCodes.ok : exitCodes.failed;
}

function show(context: CliContext, started: StartedLogin): void {
  if (started.type === 'chatgptDeviceCode') {
    context.stdout.write(`${devicePrompt(started)}\n`);
    return;
  }
  say(context, browserPrompt(started.authUrl));
  context.openUrl(started.authUrl);
}

/** The port is in the address that the browser is sent back to: 1455, or another when that is taken. */
function browserPrompt(authUrl: string): string {
  const callback = URL.canParse(authUrl) ? new URL(authUrl).searchParams.get('redirect_uri') : null;
  const server = callback !== null && URL.canParse(callback) ? new URL(callback).origin : 'http://localhost:1455';
  return `Starting local login server on ${server}.
If no browser opens, open this address in one on this machine:

${authUrl}

No browser here? \`codex login --device-auth\` signs in from another device. Ctrl-C cancels.`;
}

const devicePrompt = ({ verificationUrl, userCode }: Extract<StartedLogin, { type: 'chatgptDeviceCode' }>): string =>
  `Sign in with ChatGPT on any device:

1. Open this address in a browser and sign in:
   ${verificationUrl}
2. Enter this one-time code (it expires in 15 minutes):
   ${userCode}

Never share the code: whoever enters it elsewhere is given your sign-in. Ctrl-C cancels.`;
