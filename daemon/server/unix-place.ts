import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const PROBE_TIMEOUT_MS = 2_000;

/** The socket's path is taken by a daemon that answers. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

/** The folder of the daemon's own sockets, made when it is missing. @throws when it is a link or somebody else's */
export function makePrivateDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  checkOwner(dir);
  chmodSync(dir, 0o700);
}

/**
 * A folder that the user chose for a socket. It is hidden from every sandboxed command (DESIGN §8), so it has to be one
 * that holds nothing else. @throws with what to do
 */
export function checkSharedDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { mode } = checkOwner(dir);
  if (mode & 0o022) throw new Error(`others may write to ${dir}; run \`chmod 700 ${dir}\``);
  const other = readdirSync(dir).find((name) => !isSocket(join(dir, name)));
  if (other === undefined) return;
  throw new Error(
    `${dir} holds more than sockets (${other}), and the folder of a socket is hidden from commands; use a folder of its own`,
  );
}

function checkOwner(dir: string) {
  const stat = lstatSync(dir);
  if (!stat.isDirectory()) throw new Error(`${dir} is not a folder`);
  if (process.getuid && stat.uid !== process.getuid()) throw new Error(`${dir} belongs to another user`);
  return stat;
}

const isSocket = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isSocket() ?? true;

/**
 * Removes a socket that nobody answers on. A link is only removed where the reference's own server makes one.
 * @throws AlreadyRunningError when somebody answers; else when something that is no socket is in the way
 */
export async function healSocket(socketPath: string, mayBeLink = false): Promise<void> {
  const stat = lstatSync(socketPath, { throwIfNoEntry: false });
  if (!stat) return;
  const isFitting = stat.isSocket() || (mayBeLink && stat.isSymbolicLink());
  if (!isFitting) throw new Error(`${socketPath} is in the way: it is not a socket`);
  if (await answers(socketPath)) throw new AlreadyRunningError(`a daemon is already listening on ${socketPath}`);
  unlinkSync(socketPath);
}

/** Whether somebody accepts connections there. A daemon that is too busy to accept in time counts as alive. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
