import { unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { DaemonStatus, ListenerOptions } from '../../machines/protocol/methods/daemon.ts';
import type { Logger } from '../log/logger.ts';
import { createTokenFile, readTokenFile } from './bearer-token.ts';
import type { Connection } from './connection.ts';
import { type DoorAddress, isLoopback, parseDoorAddress, tcpText } from './door-address.ts';
import { withStartLock } from './lock.ts';
import { listen, type SocketServer } from './socket-server.ts';
import { listenTcp } from './tcp-server.ts';
import type { Reception } from './web-sockets.ts';

interface Door {
  readonly address: string;
  readonly tokenFile: string | null;
  /** Whose door it is: it closes with this connection. Null: with the daemon. */
  readonly owner: Connection | null;
  /** Folders and files that no sandboxed command may see (DESIGN §8). */
  readonly hidden: readonly string[];
  readonly server: SocketServer;
  /** Files that go with it. */
  readonly made: readonly string[];
}

export interface DoorsDeps {
  readonly home: string;
  /** Where tokens are made; hidden from commands. */
  readonly daemonDir: string;
  readonly lockPath: string;
  readonly reception: Reception;
  readonly logger: Logger;
}

/** Listeners beside the daemon's own socket. Each has an owner and goes with it. */
export class Doors {
  private readonly open = new Set<Door>();
  private readonly gone = new WeakSet<Connection>();
  private isRefusing = false;
  /** Why the control socket that the configuration wants is not there. */
  private controlProblem: string | null = null;

  constructor(private readonly deps: DoorsDeps) {}

  /** Folders of sockets, and files with tokens or keys. */
  get hidden(): readonly string[] {
    return [...this.open].flatMap(({ hidden }) => hidden);
  }

  /** Whether one was asked to stay after whoever opened it. */
  get hasStaying(): boolean {
    return [...this.open].some(({ owner }) => owner === null);
  }

  list(): DaemonStatus['listeners'] {
    const listed = [...this.open].map(({ address, tokenFile, owner, server }) => ({
      address,
      tokenFile,
      owner: owner?.clientId ?? null,
      clients: server.count,
      problem: null,
    }));
    if (this.controlProblem === null) return listed;
    return [...listed, { address: 'unix://', tokenFile: null, owner: null, clients: 0, problem: this.controlProblem }];
  }

  /**
   * Opens one.
   * @param owner whose end closes it, or null
   * @throws RpcError `listenFailed`
   */
  async listen(
    options: ListenerOptions,
    owner: Connection | null,
  ): Promise<{ address: string; tokenFile: string | null }> {
    const door = await this.make(options, owner).catch((error: unknown) => {
      throw new RpcError('listenFailed', messageOf(error), { cause: error });
    });
    if (this.isRefusing || (owner && this.gone.has(owner))) {
      await shut(door);
      throw new RpcError('listenFailed', `${door.address} was closed again: nobody wants it any more`);
    }
    this.open.add(door);
    const { address, tokenFile } = door;
    this.deps.logger.info('listening', { address, owner: owner?.clientId ?? null });
    return { address, tokenFile };
  }

  /** Opens the reference's control socket for a plain client of it. A server that holds it already keeps it. */
  async listenForReference(): Promise<void> {
    await this.listen({ address: 'unix://' }, null).catch((error: unknown) => {
      this.controlProblem = messageOf(error);
      this.deps.logger.info('no control socket', { problem: this.controlProblem });
    });
  }

  /** @returns whether there was one */
  async close(address: string): Promise<boolean> {
    const door = [...this.open].find((one) => one.address === address);
    if (!door) return false;
    this.open.delete(door);
    await shut(door);
    this.deps.logger.info('listener closed', { address });
    return true;
  }

  /** A connection ended: its doors close. */
  async leave(owner: Connection): Promise<void> {
    this.gone.add(owner);
    const own = [...this.open].filter((door) => door.owner === owner);
    await Promise.all(own.map(({ address }) => this.close(address)));
  }

  refuseNew(): void {
    this.isRefusing = true;
    for (const { server } of this.open) server.refuseNew();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.open].map(({ address }) => this.close(address)));
  }

  private async make(options: ListenerOptions, owner: Connection | null): Promise<Door> {
    const address = parseDoorAddress(options.address, this.deps.home);
    return address.kind === 'unix' ? this.makeUnix(address, owner) : this.makeTcp(address, options, owner);
  }

  private async makeUnix({ path, isControl }: DoorAddress & { kind: 'unix' }, owner: Connection | null): Promise<Door> {
    const kind = isControl ? 'control' : 'shared';
    const server = await withStartLock(this.deps.lockPath, () =>
      listen({ kind, socketPath: path }, this.deps.reception),
    );
    return { address: `unix://${path}`, tokenFile: null, owner, hidden: [dirname(path)], server, made: [] };
  }

  private async makeTcp(
    { host, port, isSecure }: DoorAddress & { kind: 'tcp' },
    { tokenFile, certFile, keyFile }: ListenerOptions,
    owner: Connection | null,
  ): Promise<Door> {
    if (isSecure && !(certFile && keyFile))
      throw new Error('wss:// needs a certificate and its key: --tls-cert, --tls-key');
    if (!isSecure && !isLoopback(host))
      throw new Error(
        `${host} can be reached from other machines; use wss:// with --tls-cert and --tls-key, or forward a port by ssh`,
      );
    const fresh = tokenFile ? null : createTokenFile(this.deps.daemonDir);
    const made = fresh ? [fresh.path] : [];
    try {
      const token = fresh?.digest ?? readTokenFile(tokenFile ?? '');
      const tls = isSecure && certFile && keyFile ? { certFile, keyFile } : null;
      const server = await listenTcp({ host, port, token, tls }, this.deps.reception);
      const path = fresh?.path ?? tokenFile ?? null;
      const hidden = [path, tls?.keyFile].filter((file): file is string => typeof file === 'string');
      return { address: tcpText(host, server.port, isSecure), tokenFile: path, owner, hidden, server, made };
    } catch (error) {
      for (const file of made) unlinkSync(file);
      throw error;
    }
  }
}

async function shut({ server, made }: Door): Promise<void> {
  await server.close();
  for (const file of made) unlinkSync(file);
}
