import { messageOf } from '../../machines/core/errors.ts';
import type { ParamsOf, ResultOf } from '../../machines/protocol/define.ts';
import {
  mcpServerOauthLogin,
  mcpServerOauthLoginCancel,
  type mcpServerOauthLoginCompleted,
  mcpServerOauthLogout,
} from '../../machines/protocol/methods/mcp-oauth.ts';
import { withLimit } from '../connection/limits.ts';
import type { DaemonLink } from '../connection/link.ts';
import { CliError } from './cli-error.ts';
import { withLink } from './cli-link.ts';
import { type CliContext, say } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { LinkChoice } from './options.ts';
import { endBy, untilSignal } from './until-signal.ts';

export interface McpLogin {
  readonly name: string;
  readonly scopes: readonly string[] | null;
  /** False: the address is only printed. */
  readonly opensBrowser: boolean;
}

type LoginEnd = ParamsOf<typeof mcpServerOauthLoginCompleted>;

const TIMEOUT_SECS = 300;
/** For a daemon that does not say how it ended. */
const END_LIMIT_MS = (TIMEOUT_SECS + 30) * 1000;
const CANCEL_LIMIT_MS = 3_000;

/** Signs in to an MCP server: shows the address, and waits until it is done. Ctrl-C cancels it. */
export function signInToMcp(context: CliContext, choice: LinkChoice, login: McpLogin): Promise<ExitCode> {
  return withLink(context, choice, async (link) => {
    const ends = watchEnds(link);
    try {
      const { name, scopes } = login;
      const timeoutSecs = TIMEOUT_SECS;
      const params = { name, timeoutSecs, ...(scopes === null ? {} : { scopes: [...scopes] }) };
      const { authorizationUrl, loginId = null } = await link.request(mcpServerOauthLogin, params);
      show(context, login, authorizationUrl);
      const end = withLimit(ends.endOf(name, loginId), END_LIMIT_MS, 'the sign-in did not end');
      const outcome = await untilSignal(context, end);
      if (outcome.kind === 'signal') {
        await cancel(link, loginId);
        say(context, 'Login cancelled');
        return endBy(context, outcome.signal);
      }
      return tell(context, name, outcome.value);
    } finally {
      ends.stop();
    }
  });
}

function show(context: CliContext, { name, opensBrowser }: McpLogin, address: string): void {
  const open = opensBrowser ? 'If no browser opens, open this address in one on this machine' : 'Open this address';
  say(context, `Signing in to the MCP server ${name}. ${open}:\n\n${address}\n\nCtrl-C cancels.`);
  if (opensBrowser) context.openUrl(address);
}

function tell(context: CliContext, name: string, { success, error }: LoginEnd): ExitCode {
  const failure = `Error logging in to MCP server '${name}': ${error ?? 'no reason was given'}`;
  say(context, success ? `Successfully logged in to MCP server '${name}'.` : failure);
  return success ? exitCodes.ok : exitCodes.failed;
}

/** Without us the daemon's own limit ends it. */
async function cancel(link: DaemonLink, loginId: string | null): Promise<void> {
  if (loginId === null || link.clientId === null) return;
  const cancelled = link.request(mcpServerOauthLoginCancel, { loginId });
  await withLimit(cancelled, CANCEL_LIMIT_MS, 'the daemon did not cancel the sign-in').catch(() => {});
}

/** Keeps every end that is told until somebody asks for it; a lost connection may have lost one. */
function watchEnds(link: DaemonLink) {
  const told: LoginEnd[] = [];
  let look = (): void => {};
  let fail = (_: Error): void => {};
  const stopGlobal = link.onGlobal(({ method, params }) => {
    if (method !== 'mcpServer/oauthLogin/completed') return;
    told.push(params);
    look();
  });
  const stopState = link.onState(({ kind }) => {
    if (kind === 'reconnecting')
      fail(new CliError('the connection to the daemon was lost meanwhile; `codex mcp list` says who is signed in'));
  });
  return {
    endOf: (name: string, loginId: string | null) =>
      new Promise<LoginEnd>((resolve, reject) => {
        fail = reject;
        look = () => {
          const end = told.find((known) => (loginId === null ? known.name === name : known.loginId === loginId));
          if (end) resolve(end);
        };
        look();
      }),
    stop: () => {
      stopGlobal();
      stopState();
    },
  };
}

/** Signs out of an MCP server, and says what is left of the sign-in there. */
export async function signOutOfMcp(
  context: CliContext,
  choice: LinkChoice,
  name: string,
): Promise<ResultOf<typeof mcpServerOauthLogout>> {
  try {
    return await withLink(context, choice, (link) => link.request(mcpServerOauthLogout, { name }));
  } catch (error) {
    throw new CliError(`Error logging out of MCP server '${name}': ${messageOf(error)}`);
  }
}
