import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { clientFacts, strangerFacts } from '../connection/client-facts.ts';
import { type ConnectOptions, connectDaemon } from '../connection/connect.ts';
import { openLink } from '../connection/daemon-link.ts';
import { resolveHome } from '../connection/home.ts';
import type { DaemonLink } from '../connection/link.ts';
import { isFarAddress, parsePlace } from '../connection/place.ts';
import { type CliContext, say } from './context.ts';
import { type CliOptions, folderOf, type LinkChoice } from './options.ts';

/** How long `exec` waits for a daemon that went away before it gives the turn up. */
export const EXEC_GIVE_UP_MS = 60_000;

export interface CliLinkOptions {
  /** Program name that other clients see, such as `codex-exec`. */
  readonly name: string;
  readonly cwd: string;
  readonly choice: LinkChoice;
  readonly giveUpAfterMs: number;
}

/**
 * The link of one command to the daemon, which is started when needed.
 * @throws ConnectError with what to do
 */
export async function openCliLink(context: CliContext, options: CliLinkOptions): Promise<DaemonLink> {
  const { connectOptions, autostart } = connectOptionsOf(context, options);
  let isFirst = true;
  return openLink({
    connect: (events, mayStart) => {
      const mayAsk = isFirst;
      isFirst = false;
      return connectDaemon({ ...connectOptions, autostart: mayStart, mayAsk }, events);
    },
    autostart,
    giveUpAfterMs: options.giveUpAfterMs,
  });
}

/** How a command reaches its server: the home's own daemon, started when needed, or the one that `--remote` names. */
export function connectOptionsOf(
  context: CliContext,
  { name, cwd, choice }: Pick<CliLinkOptions, 'name' | 'cwd' | 'choice'>,
): { readonly connectOptions: ConnectOptions; readonly autostart: boolean } {
  const { env, daemonEntry } = context;
  const home = resolveHome(env);
  const { remote: address, remoteTokenFile: tokenFile } = choice;
  const remote = address === undefined ? null : parsePlace({ address, tokenFile, cwd: context.cwd, home, env });
  const autostart = choice.autostart && remote === null;
  const isFar = address !== undefined && isFarAddress(address);
  const facts = isFar ? strangerFacts(name) : clientFacts(name, cwd, env);
  const notice = (line: string): void => say(context, line);
  return { connectOptions: { home, daemonEntry, env, name, facts, autostart, remote, notice }, autostart };
}

/** The link of a command that works in a folder, and that folder: of this machine, or of the one that `--remote` names. */
export async function openWorkLink(
  context: CliContext,
  options: CliOptions,
  { name, giveUpAfterMs }: Pick<CliLinkOptions, 'name' | 'giveUpAfterMs'>,
): Promise<{ readonly link: DaemonLink; readonly cwd: string }> {
  const isFar = options.remote !== undefined && isFarAddress(options.remote);
  const near = isFar ? context.cwd : folderOf(options, context.cwd);
  const link = await openCliLink(context, { name, cwd: near, choice: options, giveUpAfterMs });
  try {
    const told = link.folder === null ? {} : { cd: link.folder };
    return { link, cwd: isFar ? folderOf({ ...told, ...options }, near) : near };
  } catch (error) {
    link.close();
    throw error;
  }
}

/** Runs a command that asks the server a few things, and closes the link whatever comes. */
export async function withLink<T>(
  context: CliContext,
  choice: LinkChoice,
  run: (link: DaemonLink) => Promise<T>,
): Promise<T> {
  const link = await openCliLink(context, { name: 'codex-cli', cwd: context.cwd, choice, giveUpAfterMs: 5_000 });
  try {
    return await run(link);
  } finally {
    link.close();
  }
}

/** The daemon's process id, or null when the server is not ours. */
export async function daemonPid(link: DaemonLink): Promise<number | null> {
  if (link.clientId === null) return null;
  return (await link.request(daemonStatus, {})).pid;
}
