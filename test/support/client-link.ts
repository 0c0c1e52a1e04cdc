import { type Connection, type ConnectionEvents, openConnection } from '../../client/connection/connection.ts';
import { openLink } from '../../client/connection/daemon-link.ts';
import type { ClientHome } from '../../client/connection/home.ts';
import type { DaemonLink, LinkState, ThreadUpdate } from '../../client/connection/link.ts';
import { cleanups } from './cleanups.ts';
import { THREAD_ID } from './client-thread.ts';
import { FakeDaemon, type FakeDaemonOptions, makeClientHome } from './fake-daemon.ts';

export const facts = {
  name: 'codex-test',
  version: '0.1.0',
  pid: 1,
  terminal: null,
  environment: { cwd: '/', variables: {}, umask: 0o022 },
};

export async function startFake(options: FakeDaemonOptions = {}): Promise<{ fake: FakeDaemon; home: ClientHome }> {
  const { home, remove } = makeClientHome();
  const fake = await new FakeDaemon(home, options).start();
  cleanups.push(remove, () => fake.stop());
  return { fake, home };
}

export interface TestLinkOptions {
  giveUpAfterMs?: number;
  autostart?: boolean;
  /** Told for each attempt whether the daemon might have been started. */
  onConnect?: (mayStart: boolean) => void;
}

export async function linkTo(socketPath: string, options: TestLinkOptions = {}): Promise<DaemonLink> {
  const link = await openLink({
    connect: (events: ConnectionEvents, mayStart: boolean): Promise<Connection> => {
      options.onConnect?.(mayStart);
      return openConnection({ place: { kind: 'unix', path: socketPath }, name: 'codex-test', facts, events });
    },
    autostart: options.autostart ?? false,
    giveUpAfterMs: options.giveUpAfterMs ?? Number.POSITIVE_INFINITY,
  });
  cleanups.push(() => link.close());
  return link;
}

/** Resolves with the first value that fits. */
export function until<T>(listen: (listener: (value: T) => void) => unknown, fits: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => listen((value) => fits(value) && resolve(value)));
}

export const stateOf = (link: DaemonLink, kind: LinkState['kind']) =>
  until<LinkState>(
    (listener) => link.onState(listener),
    (state) => state.kind === kind,
  );

export function recordFollow(link: DaemonLink) {
  const updates: ThreadUpdate[] = [];
  const listeners = new Set<() => void>();
  const following = link.follow(THREAD_ID, {
    role: 'operator',
    onUpdate: (update) => {
      updates.push(update);
      for (const listener of listeners) listener();
    },
  });
  /** Waits until the follower knows `seq`. */
  const reached = (seq: number): Promise<void> =>
    new Promise((resolve) => {
      const look = () => {
        if ((updates.at(-1)?.seq ?? -1) < seq) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  return { updates, following, reached };
}
