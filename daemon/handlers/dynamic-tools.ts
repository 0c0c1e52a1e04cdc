import * as v from 'valibot';
import { RpcError } from '../../machines/core/errors.ts';
import { type DynamicToolSpec, dynamicToolSpec } from '../../machines/protocol/types/dynamic-tool.ts';
import type { Connection } from '../server/connection.ts';
import { originatorName } from '../threads/begin-thread.ts';
import type { Thread } from '../threads/thread.ts';
import type { HandlerDeps } from './handler-deps.ts';

/** @throws RpcError invalidRequest for a tool that is to be found later by a namespace that it does not have */
export function checkTools(specs: readonly DynamicToolSpec[]): void {
  const loose = specs.find((spec) => spec.type === 'function' && spec.deferLoading === true);
  if (loose) throw new RpcError('invalidRequest', `deferred dynamic tool must include a namespace: ${loose.name}`);
}

/** From now on this client answers the calls of these tools. */
export function declareTools(
  { belongings: { dynamicTools } }: HandlerDeps,
  { id }: Thread,
  specs: readonly DynamicToolSpec[],
  connection: Connection,
): void {
  dynamicTools.declare(id, connection, specs);
  // The client may have left in the meantime.
  if (!connection.isInitialized) dynamicTools.endFor(connection);
}

/**
 * The program that declared a thread's tools comes back to it, also after a restart: it answers their calls again. The
 * newest of its connections does, since one that was lost may not be missed yet.
 */
export function takeUpTools(deps: HandlerDeps, thread: Thread, connection: Connection): void {
  const { facts } = connection;
  if (!facts || originatorName(facts.name) !== originatorName(thread.meta.originator)) return;
  // Our own programs declare none, and one of them has the name of the reference's.
  if (facts.speaksOurs && facts.name.startsWith('codex-')) return;
  const known = deps.belongings.dynamicTools.known(thread.id);
  const logged = v.safeParse(v.array(dynamicToolSpec), thread.meta.dynamic_tools);
  const specs = known.length > 0 || !logged.success ? known : logged.output;
  declareTools(deps, thread, specs, connection);
}
