import type { LiveActor } from '../../machines/protocol/methods/daemon.ts';
import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';

type DaemonMethods =
  | 'daemon/status'
  | 'daemon/actors/list'
  | 'daemon/stop'
  | 'daemon/listener/open'
  | 'daemon/listener/close';

export function daemonHandlers(deps: HandlerDeps): Pick<Handlers, DaemonMethods> {
  const { status, stop, doors, actors } = deps;
  return {
    'daemon/status': () => status(),
    'daemon/actors/list': () => ({ data: actors.list().map((actor) => ({ ...actor, about: aboutOf(actor, deps) })) }),
    'daemon/stop': ({ drainMs }, { connection, afterReply }) => {
      afterReply(() => stop(`asked by ${connection.tag.name}`, drainMs ?? 0));
      return {};
    },
    'daemon/listener/open': ({ stays, ...options }, { connection }) => doors.listen(options, stays ? null : connection),
    'daemon/listener/close': async ({ address }) => ({ closed: await doors.close(address) }),
  };
}

/** What people know an actor by, where its machine does not say. */
function aboutOf({ kind, id, about }: LiveActor, { broadcast, registry }: HandlerDeps): string | null {
  if (kind === 'connection') {
    const client = [...broadcast.connections].find(({ clientId }) => clientId === id);
    return client?.isInitialized ? [client.tag.name, client.tag.terminal].filter(Boolean).join(' on ') : null;
  }
  if (kind !== 'thread') return about;
  const thread = registry.get(id)?.feed.snapshot.thread;
  return thread?.name ?? (thread?.preview || null);
}
