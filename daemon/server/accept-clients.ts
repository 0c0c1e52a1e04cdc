import type { ThreadRegistry } from '../threads/thread-registry.ts';
import type { Belongings } from './belongings.ts';
import type { Broadcast } from './broadcast.ts';
import { Connection, type ConnectionDeps } from './connection.ts';
import type { Doors } from './doors.ts';
import type { Reception } from './web-sockets.ts';

export interface AcceptDeps extends Omit<ConnectionDeps, 'onClosed'> {
  readonly broadcast: Broadcast;
  readonly belongings: Belongings;
  readonly registry: ThreadRegistry;
  readonly doors: Doors;
  /** Somebody came or went: the daemon is in use. */
  readonly noteUse: () => void;
}

/** A function that takes in one client after the other, and puts its things away when it leaves. */
export function createAccept(deps: AcceptDeps): Reception['accept'] {
  const { broadcast, belongings, registry, doors, noteUse, onInternalError } = deps;
  const onClosed = (closed: Connection): void => {
    broadcast.connections.delete(closed);
    belongings.endFor(closed);
    for (const threadId of closed.left) {
      registry.left(threadId).catch((error: unknown) => onInternalError(error, 'a client left'));
    }
    void doors.leave(closed).then(noteUse, (error: unknown) => onInternalError(error, 'listener'));
    noteUse();
  };
  const connectionDeps: ConnectionDeps = { ...deps, onClosed };
  let connected = 0;
  return (socket, encoding) => {
    connected += 1;
    broadcast.connections.add(new Connection(`client-${connected}`, encoding, socket, connectionDeps));
    noteUse();
  };
}
