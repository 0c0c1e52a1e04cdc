import { RpcError } from '../../machines/core/errors.ts';
import { inheritedEnvironment } from '../../machines/exec/child-environment.ts';
import type { ClientParams } from '../../machines/protocol/index.ts';
import { requireAbsolute } from '../absolute-path.ts';
import { DEFAULT_CAP_BYTES, HIGHEST_CAP_BYTES } from '../exec/client-output.ts';
import type { ClientProcessEnd } from '../exec/client-processes.ts';
import { providerKeys } from '../exec/shell-policy.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig } from '../threads/thread-setup.ts';
import { asCannotStart, bytesOf, checkSize, DEFAULT_TIMEOUT_MS, layOver, programIn } from './client-command.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type ProcessMethods = 'process/spawn' | 'process/writeStdin' | 'process/kill' | 'process/resizePty';

/** Processes that clients run outside of the sandbox, as themselves (protocol.md §9.3). */
export function processHandlers(deps: HandlerDeps): Pick<Handlers, ProcessMethods> {
  const { processes } = deps.belongings;
  return {
    'process/spawn': (params, { connection }) => spawn(deps, connection, params),
    'process/writeStdin': ({ processHandle, deltaBase64, closeStdin }, { connection }) => {
      if (deltaBase64 == null && !closeStdin) {
        throw new RpcError('invalidArgument', 'process/writeStdin requires deltaBase64 or closeStdin');
      }
      processes.write(connection, processHandle, bytesOf(deltaBase64), closeStdin ?? false);
      return {};
    },
    'process/kill': ({ processHandle }, { connection }) => {
      processes.kill(connection, processHandle);
      return {};
    },
    'process/resizePty': ({ processHandle, size }, { connection }) => {
      processes.resize(connection, processHandle, checkSize('process/resizePty', size));
      return {};
    },
  };
}

type Params = ClientParams<'process/spawn'>;

async function spawn(deps: HandlerDeps, connection: Connection, params: Params): Promise<Record<string, never>> {
  const { processHandle } = params;
  check(params);
  const { variables, umask } = environmentOf(connection, deps.home);
  const cwd = requireAbsolute(params.cwd);
  const { config } = await readConfig(deps.home, cwd, {});
  const everything = { inherit: 'all', ignoreDefaultExcludes: true, exclude: [], includeOnly: [], set: {} } as const;
  const env = layOver(inheritedEnvironment(variables, everything, providerKeys(config)), params.env);
  const tty = params.tty ?? false;
  const size = params.size ? { size: checkSize('process/spawn', params.size) } : {};
  await programIn('process', params.command, cwd, env);
  const { ended } = await deps.belongings.processes
    .start(connection, processHandle, {
      spawn: {
        ...{ argv: params.command, cwd, env, umask, tty, ...size },
        policy: { type: 'dangerFullAccess' },
        tmpdir: variables.TMPDIR ?? null,
        hidden: [],
      },
      timeoutMs: params.timeoutMs === undefined ? DEFAULT_TIMEOUT_MS : params.timeoutMs,
      capBytes: capOf(params.outputBytesCap),
      takesInput: tty || (params.streamStdin ?? false),
      onDelta:
        tty || params.streamStdoutStderr
          ? (stream, bytes, capReached) => {
              const deltaBase64 = Buffer.from(bytes).toString('base64');
              connection.tell({
                method: 'process/outputDelta',
                params: { processHandle, stream, deltaBase64, capReached },
              });
            }
          : null,
    })
    .catch(asCannotStart('process'));
  void ended.then((end) => tellEnd(connection, processHandle, end));
  return {};
}

function tellEnd(connection: Connection, processHandle: string, end: ClientProcessEnd): void {
  connection.tell({ method: 'process/exited', params: { processHandle, ...end } });
}

function check({ command, processHandle, size, tty, timeoutMs }: Params): void {
  if (processHandle === '') throw new RpcError('invalidRequest', 'processHandle must not be empty');
  if (command.length === 0) throw new RpcError('invalidRequest', 'command must not be empty');
  if (size && !tty) throw new RpcError('invalidArgument', 'process/spawn size requires tty: true');
  if (timeoutMs != null && timeoutMs < 0) {
    throw new RpcError('invalidArgument', `process/spawn timeoutMs must be non-negative, got ${timeoutMs}`);
  }
}

function capOf(bytes: number | null | undefined): number {
  if (bytes === null) return HIGHEST_CAP_BYTES;
  return Math.min(bytes ?? DEFAULT_CAP_BYTES, HIGHEST_CAP_BYTES);
}
