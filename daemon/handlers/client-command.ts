import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { decodeBase64 } from '../base64.ts';
import type { TerminalSize } from '../exec/child.ts';
import { CommandNotStartedError } from '../exec/spawn-command.ts';
import { SandboxUnavailableError } from '../sandbox/errors.ts';

/** What `command/exec` and `process/spawn` have in common. */

/** When the client names no time limit; the reference's. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** Where programs are looked for when the environment does not say. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';
/** The reference's words. */
const MISSING = 'No such file or directory (os error 2)';

/** Variables with the client's changes on top; null takes one away. */
export function layOver(
  variables: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>> | null | undefined,
): Record<string, string> {
  const all = Object.entries({ ...variables, ...changes });
  return Object.fromEntries(all.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

/** @throws RpcError commandNotStarted when the folder or the program is not there: a shell would only say so later */
export async function programIn(
  kind: 'command' | 'process',
  [program = '']: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const isFolder = await stat(cwd).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw notStarted(kind, `${MISSING}: the folder ${cwd}`);
  const folders = program.includes('/') ? [cwd] : (env.PATH ?? DEFAULT_PATH).split(delimiter);
  const places = folders.map((folder) => (program.includes('/') ? resolve(cwd, program) : join(folder, program)));
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return;
  }
  throw notStarted(kind, `${MISSING}: the program ${program}`);
}

const notStarted = (kind: string, why: string, cause?: unknown): RpcError =>
  new RpcError('commandNotStarted', `failed to spawn ${kind}: ${why}`, { cause });

/** Why a command did not run, as the error that crosses the wire. */
export function asCannotStart(kind: 'command' | 'process'): (error: unknown) => never {
  return (error) => {
    if (error instanceof SandboxUnavailableError) {
      const { reason, mend } = error;
      throw new RpcError('sandboxUnavailable', error.message, { data: { reason, mend }, cause: error });
    }
    if (error instanceof CommandNotStartedError) throw notStarted(kind, messageOf(error.cause ?? error), error);
    throw error;
  };
}

/** @throws RpcError invalidArgument */
export function checkSize(method: string, { rows, cols }: { rows: number; cols: number }): TerminalSize {
  if (rows >= 1 && cols >= 1 && rows <= 65_535 && cols <= 65_535) return { rows, columns: cols };
  throw new RpcError('invalidArgument', `${method} size rows and cols must be greater than 0`);
}

/** @throws RpcError invalidArgument */
export function bytesOf(deltaBase64: string | null | undefined): Uint8Array | null {
  if (deltaBase64 == null) return null;
  const decoded = decodeBase64(deltaBase64);
  if ('problem' in decoded) throw new RpcError('invalidArgument', `invalid deltaBase64: ${decoded.problem}`);
  return decoded.bytes;
}
