import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import { inheritedEnvironment } from '../../machines/exec/child-environment.ts';
import type { SandboxPolicy } from '../../machines/policy/sandbox.ts';
import type { ClientParams } from '../../machines/protocol/index.ts';
import type { PrivateNotification } from '../../machines/protocol/machine-methods.ts';
import type { SandboxMode } from '../../machines/protocol/types/policy.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { DEFAULT_CAP_BYTES, HIGHEST_CAP_BYTES } from '../exec/client-output.ts';
import { providerKeys, shellPolicyOf } from '../exec/shell-policy.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig, toSandboxPolicy } from '../threads/thread-setup.ts';
import { asCannotStart, bytesOf, checkSize, DEFAULT_TIMEOUT_MS, layOver, programIn } from './client-command.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type CommandExecMethods = 'command/exec' | 'command/exec/write' | 'command/exec/terminate' | 'command/exec/resize';

/** Commands that clients run in the sandbox without a model (protocol.md §9.2). */
export function commandExecHandlers(deps: HandlerDeps): Pick<Handlers, CommandExecMethods> {
  const { commands } = deps.belongings;
  return {
    'command/exec': (params, { connection }) => run(deps, connection, params),
    'command/exec/write': ({ processId, deltaBase64, closeStdin }, { connection }) => {
      if (deltaBase64 == null && !closeStdin) {
        throw new RpcError('invalidArgument', 'command/exec/write requires deltaBase64 or closeStdin');
      }
      commands.write(connection, processId, bytesOf(deltaBase64), closeStdin ?? false);
      return {};
    },
    'command/exec/terminate': ({ processId }, { connection }) => {
      commands.kill(connection, processId);
      return {};
    },
    'command/exec/resize': ({ processId, size }, { connection }) => {
      commands.resize(connection, processId, checkSize('command/exec', size));
      return {};
    },
  };
}

type Params = ClientParams<'command/exec'>;

async function run(deps: HandlerDeps, connection: Connection, params: Params) {
  check(params);
  const { variables, umask, cwd: base } = environmentOf(connection, deps.home);
  const cwd = resolve(base, params.cwd ?? '.');
  const loaded = await readConfig(deps.home, cwd, {});
  const policy = params.sandboxPolicy ?? policyOf(params.permissionProfile ?? null, loaded);
  const inherited = inheritedEnvironment(variables, shellPolicyOf(loaded.config), providerKeys(loaded.config));
  const isClosed = policy.type !== 'dangerFullAccess' && !policy.networkAccess;
  const env = layOver({ ...inherited, ...(isClosed && { CODEX_SANDBOX_NETWORK_DISABLED: '1' }) }, params.env);
  const size = params.size ? { size: checkSize('command/exec', params.size) } : {};
  const tty = params.tty ?? false;
  const processId = params.processId ?? randomUUID();
  const streams = tty || (params.streamStdoutStderr ?? false);
  await programIn('command', params.command, cwd, env);
  const { ended } = await deps.belongings.commands
    .start(connection, params.processId ?? null, {
      spawn: {
        ...{ argv: params.command, cwd, env, umask, policy, tty, ...size },
        tmpdir: variables.TMPDIR ?? null,
        hidden: deps.tools.hidden,
        guarded: deps.tools.guarded,
      },
      timeoutMs: params.disableTimeout ? null : (params.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      capBytes: params.disableOutputCap ? HIGHEST_CAP_BYTES : capOf(params.outputBytesCap),
      takesInput: tty || (params.streamStdin ?? false),
      onDelta: streams
        ? (stream, bytes, capReached) => connection.tell(delta(processId, stream, bytes, capReached))
        : null,
    })
    .catch(asCannotStart('command'));
  const { exitCode, stdout, stderr } = await ended;
  return { exitCode, stdout, stderr };
}

function check(params: Params): void {
  const { command, tty, streamStdin, streamStdoutStderr, processId, size, timeoutMs, outputBytesCap } = params;
  if (command.length === 0) throw new RpcError('invalidRequest', 'command must not be empty');
  if (params.sandboxPolicy && params.permissionProfile) {
    throw new RpcError('invalidRequest', '`permissionProfile` cannot be combined with `sandboxPolicy`');
  }
  if (processId == null && (tty || streamStdin || streamStdoutStderr)) {
    const text = 'command/exec tty or streaming requires a client-supplied processId';
    throw new RpcError('invalidRequest', text);
  }
  if (size && !tty) throw new RpcError('invalidArgument', 'command/exec size requires tty: true');
  if (timeoutMs != null && timeoutMs < 0) {
    throw new RpcError('invalidArgument', `command/exec timeoutMs must be non-negative, got ${timeoutMs}`);
  }
  if (timeoutMs != null && params.disableTimeout) {
    throw new RpcError('invalidArgument', 'command/exec cannot set both timeoutMs and disableTimeout');
  }
  if (outputBytesCap != null && params.disableOutputCap) {
    throw new RpcError('invalidArgument', 'command/exec cannot set both outputBytesCap and disableOutputCap');
  }
}

const capOf = (bytes: number | null | undefined): number => Math.min(bytes ?? DEFAULT_CAP_BYTES, HIGHEST_CAP_BYTES);

const PROFILES: Readonly<Record<string, SandboxMode>> = {
  ':read-only': 'read-only',
  ':workspace': 'workspace-write',
  ':danger-full-access': 'danger-full-access',
};

/** As for a thread in that folder that asks for nothing (agent.md §10). */
function policyOf(profile: string | null, { config, trust }: LoadedConfig): SandboxPolicy {
  if (profile === null) {
    const mode = config.sandbox_mode ?? (trust.level === 'trusted' ? 'workspace-write' : 'read-only');
    return toSandboxPolicy(mode, config);
  }
  const mode = Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined;
  if (mode === undefined) {
    const known = Object.keys(PROFILES).join(', ');
    throw new RpcError('invalidRequest', `invalid permission profile: there is no ${profile}, only ${known}`);
  }
  return toSandboxPolicy(mode, config);
}

function delta(
  processId: string,
  stream: 'stdout' | 'stderr',
  bytes: Uint8Array,
  capReached: boolean,
): PrivateNotification {
  const deltaBase64 = Buffer.from(bytes).toString('base64');
  return { method: 'command/exec/outputDelta', params: { processId, stream, deltaBase64, capReached } };
}
