import { connect, createServer, type Socket } from 'node:net';

const TICK_MS = 50;

export interface SlowProxy {
  readonly path: string;
  slowDown(bytesPerSecond: number): void;
  /** From now on everything goes through as fast as it can. */
  letLoose(): void;
  close(): Promise<void>;
}

/** A way to the daemon whose client takes only so many bytes a second, however fast the daemon is. */
export async function startSlowProxy(path: string, target: string, bytesPerSecond: number): Promise<SlowProxy> {
  const pace = { bytesPerTick: 0 };
  const slowDown = (bytes: number) => {
    pace.bytesPerTick = Math.ceil((bytes * TICK_MS) / 1000);
  };
  slowDown(bytesPerSecond);
  const sockets = new Set<Socket>();
  const ways = new Set<() => void>();
  const server = createServer((client) => {
    const daemon = connect(target);
    const stop = trickle(daemon, client, pace);
    ways.add(stop);
    client.pipe(daemon);
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        stop();
        for (const each of [client, daemon]) each.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    slowDown,
    letLoose: () => {
      for (const stop of ways) stop();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Passes on a few bytes at every tick; stopped, it passes on everything. */
function trickle(from: Socket, to: Socket, pace: { readonly bytesPerTick: number }): () => void {
  const timer = setInterval(() => {
    const piece = from.read(Math.min(pace.bytesPerTick, from.readableLength)) as Buffer | null;
    if (piece) to.write(piece);
  }, TICK_MS);
  // Without a listener the socket would read nothing from the system at all.
  from.on('readable', () => {});
  let isStopped = false;
  return () => {
    if (isStopped) return;
    isStopped = true;
    clearInterval(timer);
    from.removeAllListeners('readable');
    if (!from.destroyed) from.pipe(to);
  };
}
