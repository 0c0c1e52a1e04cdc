import { RpcError } from '../../machines/core/errors.ts';
import { canTalk, PROTOCOL, type ProtocolRange, VERSION } from '../../machines/core/version.ts';
import type { ResultOf } from '../../machines/protocol/define.ts';
import { initialize, initialized } from '../../machines/protocol/methods/initialize.ts';
import type { Peer } from '../../machines/protocol/peer.ts';
import type { ClientFacts } from './client-facts.ts';
import { ConnectError } from './connect-error.ts';
import { HANDSHAKE_LIMIT_MS, withLimit } from './limits.ts';

/** The daemon's side of the handshake; `daemon` is null when the server is the reference's. */
export interface Hello {
  readonly userAgent: string;
  readonly daemon: NonNullable<ResultOf<typeof initialize>['daemon']> | null;
}

/**
 * Introduces this client and compares versions.
 * @param facts null to say nothing of ours: such a client is served by a daemon of any version, which `codex daemon
 *   stop|restart|status` need
 * @throws ConnectError `versionMismatch` with the command that mends it
 */
export async function shakeHands(
  peer: Peer,
  name: string,
  facts: ClientFacts | null,
  limitMs = HANDSHAKE_LIMIT_MS,
): Promise<Hello> {
  const clientInfo = { name, version: VERSION, title: null };
  const capabilities = { experimentalApi: true, ...(facts ? { extensions: { codexDaemon: extensionOf(facts) } } : {}) };
  try {
    const call = peer.request(initialize, { clientInfo, capabilities });
    const answer = await withLimit(call, limitMs, 'the daemon did not answer the handshake');
    const daemon = answer.daemon ?? null;
    if (facts && daemon && !canTalk(daemon.protocol, PROTOCOL)) throw mismatch(daemon.build, daemon.protocol);
    peer.notify(initialized, undefined);
    return { userAgent: answer.userAgent, daemon };
  } catch (error) {
    if (error instanceof RpcError && error.errorName === 'versionMismatch') {
      throw new ConnectError('versionMismatch', oneLine(error.message), { cause: error });
    }
    throw error;
  }
}

function extensionOf({ version, pid, terminal, environment }: ClientFacts) {
  return { protocol: { ...PROTOCOL }, build: version, pid, terminal, environment };
}

const shown = ({ min, max }: ProtocolRange): string => (min === max ? `${min}` : `${min}-${max}`);

function mismatch(build: string, protocol: ProtocolRange): ConnectError {
  return new ConnectError(
    'versionMismatch',
    `the daemon (build ${build}, protocol ${shown(protocol)}) and this client (build ${VERSION}, protocol ` +
      `${shown(PROTOCOL)}) do not understand each other; run \`codex daemon restart\``,
  );
}

function oneLine(message: string): string {
  const text = message.replace(/\s+/g, ' ').trim();
  return text.includes('codex daemon restart') ? text : `${text}; run \`codex daemon restart\``;
}
