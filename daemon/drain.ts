import { fromPromise } from 'xstate';
import type { Auth } from './auth/auth.ts';
import { withDeadline } from './deadline.ts';
import type { Clock } from './deps.ts';
import type { ProcessTable } from './exec/process-table.ts';
import type { Logger } from './log/logger.ts';
import type { McpOauth } from './mcp/mcp-oauth.ts';
import type { McpServers } from './mcp/mcp-servers.ts';
import type { Belongings } from './server/belongings.ts';
import type { Broadcast } from './server/broadcast.ts';
import type { Doors } from './server/doors.ts';
import type { SocketServer } from './server/socket-server.ts';
import type { ThreadRegistry } from './threads/thread-registry.ts';

/** Limits of the single steps; together they stay below what `codex daemon stop` waits. */
const TURNS_LIMIT_MS = 12_000;
const PROCESSES_LIMIT_MS = 5_000;
const LISTENERS_LIMIT_MS = 2_000;
/** Beside the two above, so that it adds nothing to them. */
const SIGN_IN_LIMIT_MS = 12_000;

export interface DrainDeps {
  readonly registry: ThreadRegistry;
  readonly processes: ProcessTable;
  readonly mcp: McpServers;
  readonly mcpOauth: McpOauth;
  readonly belongings: Belongings;
  readonly broadcast: Broadcast;
  readonly auth: Auth;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly server: () => SocketServer | null;
  readonly doors: Doors;
}

/**
 * The teardown in its written order (DESIGN §7): take nobody new, let turns end for as long as was granted,
 * interrupt the rest, end processes, flush logs, tell the
 * clients, close their connections, and last remove the socket. A step that fails or hangs does not stop the next.
 */
export function drain(deps: DrainDeps) {
  const { registry, processes, mcp, mcpOauth, belongings, broadcast, auth, logger, clock, server, doors } = deps;
  return fromPromise<void, { reason: string; drainMs: number }>(async ({ input: { reason, drainMs } }) => {
    logger.info('stopping', { reason });
    const step = async (name: string, limitMs: number, run: () => Promise<void>) => {
      await withDeadline(null, limitMs, clock, run).catch((error: unknown) => logger.error(`stopping: ${name}`, error));
    };
    server()?.refuseNew();
    doors.refuseNew();
    if (drainMs > 0) await withDeadline(null, drainMs, clock, () => registry.whenResting()).catch(ranOut);
    // A logout or a refresh that is cut short would leave a token that is neither here nor there.
    const signedOutOrIn = step('sign-in', SIGN_IN_LIMIT_MS, () => auth.whenResting());
    const ofServers = step('sign-ins at MCP servers', SIGN_IN_LIMIT_MS, () => mcpOauth.stop());
    await step('turns', TURNS_LIMIT_MS, () => registry.closeAll());
    const servers = step('MCP servers', PROCESSES_LIMIT_MS, () => mcp.stopAll());
    const ofClients = step("clients' commands", PROCESSES_LIMIT_MS, () => belongings.endAll());
    await step('processes', PROCESSES_LIMIT_MS, () => processes.killAll());
    await ofClients;
    await servers;
    await signedOutOrIn;
    await ofServers;
    auth.stop();
    broadcast.toAll({ method: 'daemon/stopping', params: { reason } });
    for (const connection of [...broadcast.connections]) connection.close('the daemon stops');
    await step('listeners', LISTENERS_LIMIT_MS, () => doors.closeAll());
    await server()?.close();
    logger.info('stopped', { reason });
    logger.flush();
  });
}

/** Turns that took longer are interrupted. */
const ranOut = (): void => {};
