import { arch, release } from 'node:os';
import { RpcError } from '../../machines/core/errors.ts';
import { canTalk, PROTOCOL, VERSION } from '../../machines/core/version.ts';
import type { ClientExtension } from '../../machines/protocol/methods/initialize.ts';
import type { Handlers } from '../server/register.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

export function initializeHandlers({ home, instanceId }: HandlerDeps): Pick<Handlers, 'initialize'> {
  return {
    initialize: ({ clientInfo, capabilities }, { connection }) => {
      const extension = capabilities?.extensions?.codexDaemon ?? null;
      if (extension) checkProtocol(extension);
      connection.introduce({
        name: clientInfo.name,
        version: clientInfo.version,
        pid: extension?.pid ?? null,
        terminal: extension?.terminal ?? null,
        environment: extension?.environment ?? null,
        speaksOurs: extension !== null && extension.forwards !== true,
        optOut: new Set(capabilities?.optOutNotificationMethods ?? []),
      });
      return {
        userAgent: serverAgent(clientInfo.name, clientInfo.version),
        codexHome: home,
        platformFamily: 'unix',
        platformOs: process.platform === 'darwin' ? 'macos' : process.platform,
        daemon: {
          build: VERSION,
          pid: process.pid,
          instanceId,
          clientId: connection.clientId,
          cwd: environmentOf(connection, home).cwd,
          protocol: { ...PROTOCOL },
        },
      };
    },
  };
}

/** What providers are told: `NAME/VERSION (OS; arch) terminal (client; client version)` (protocol.md §3). */
export function userAgent(client: string, clientVersion: string): string {
  return `codex_cli_rs/${VERSION} ${surroundings(client, clientVersion)}`;
}

/**
 * What clients are told. The reference's interface compares what looks like a release with its own, and would call
 * ours an old one of its server: the version says whose it is (tried with 0.169).
 */
function serverAgent(client: string, clientVersion: string): string {
  return `codex-daemon/daemon-${VERSION} ${surroundings(client, clientVersion)}`;
}

const surroundings = (client: string, clientVersion: string): string =>
  `(${process.platform} ${release()}; ${arch()}) unknown (${client}; ${clientVersion})`;

/** One version apart works; further apart is refused with the command that mends it (DESIGN §2). */
function checkProtocol({ protocol, build }: ClientExtension): void {
  if (canTalk(protocol, PROTOCOL)) return;
  const mend =
    protocol.min > PROTOCOL.max
      ? 'The daemon is the older one: run `codex daemon restart`.'
      : 'This client is the older one: update it.';
  throw new RpcError(
    'versionMismatch',
    `client ${build} and daemon ${VERSION} are too far apart (protocol ${protocol.min}-${protocol.max} against ${PROTOCOL.min}-${PROTOCOL.max}). ${mend}`,
    { data: { protocol: { ...PROTOCOL }, build: VERSION } },
  );
}
