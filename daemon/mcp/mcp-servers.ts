import { randomUUID } from 'node:crypto';
import type { McpLaunch } from '../../machines/mcp/mcp-launch.ts';
import { takesSignIn } from '../../machines/mcp/mcp-sign-in.ts';
import type { GlobalNotification } from '../../machines/protocol/index.ts';
import type { McpServerNotice } from '../../machines/protocol/methods/mcp-server.ts';
import type { SpawnCommand } from '../exec/spawn-command.ts';
import { type McpAddress, McpCredentials } from '../store/mcp-credentials.ts';
import type { ThreadJournal } from '../threads/thread-journal.ts';
import { createConnectServer } from './connect-server.ts';
import { McpOauth } from './mcp-oauth.ts';
import { McpServer, type McpServerDeps } from './mcp-server.ts';
import { OauthTokens } from './oauth-tokens.ts';
import { ServerSet } from './server-set.ts';

export interface McpServersDeps extends Omit<McpServerDeps, 'onChange'> {
  /** How long a server that nobody uses is kept. */
  readonly lingerMs: number;
  /** Tells the followers of a thread how a server of it stands. */
  readonly announce: (owner: string, notice: McpServerNotice) => void;
}

export interface McpParts extends Omit<McpServersDeps, 'connect' | 'announce'> {
  readonly spawnCommand: SpawnCommand;
  /** Keeps the sign-ins. */
  readonly home: string;
  readonly tellAll: (notification: GlobalNotification) => void;
  /** Of a thread that is loaded. */
  readonly journalOf: (threadId: string) => ThreadJournal | undefined;
}

/** The servers of a daemon and the sign-ins at them, with what acts for them. */
export function createMcpServers({ spawnCommand, journalOf, home, tellAll, ...deps }: McpParts): {
  readonly mcp: McpServers;
  readonly mcpOauth: McpOauth;
} {
  const { clock, onInternalError } = deps;
  const credentials = new McpCredentials(home);
  const warn = (what: string, error: unknown) => onInternalError(error, what);
  const tokens = new OauthTokens({ credentials, clock, warn });
  const mcp = new McpServers({
    ...deps,
    connect: createConnectServer({ spawnCommand, clock, owner: `mcp-${randomUUID()}`, tokens }),
    announce: (threadId, notice) =>
      journalOf(threadId)?.announce({ method: 'mcpServer/startupStatus/updated', params: { threadId, ...notice } }),
  });
  const mcpOauth = new McpOauth({
    credentials,
    tokens,
    clock,
    announce: (params) => tellAll({ method: 'mcpServer/oauthLogin/completed', params }),
    signedIn: (server) => mcp.signedIn(server),
    signedOut: (server) => mcp.signedOut(server),
  });
  return { mcp, mcpOauth };
}

interface Shared {
  readonly server: McpServer;
  readonly users: Set<ServerSet>;
}

/**
 * The MCP servers of all threads: one for each launch, however many threads and terminals want it. One that nobody
 * wants any more is ended after a while.
 */
export class McpServers {
  private readonly shared = new Map<string, Shared>();
  private readonly sets = new Map<string, ServerSet>();
  private isStopped = false;

  constructor(private readonly deps: McpServersDeps) {}

  /** The servers of a thread, or of a client that looks at them. They stay its own until `close`. */
  of(owner: string): ServerSet {
    const known = this.sets.get(owner);
    if (known) return known;
    const made = new ServerSet(this, (notice) => this.deps.announce(owner, notice));
    this.sets.set(owner, made);
    return made;
  }

  /** Whether servers were opened under this name. */
  has(owner: string): boolean {
    return this.sets.has(owner);
  }

  /** The thread is gone for good, or the client has seen enough. */
  close(owner: string): void {
    this.sets.get(owner)?.close();
    this.sets.delete(owner);
  }

  /** A server for a launch; one that failed for others is tried again. @throws Error once the daemon stops */
  acquire(launch: McpLaunch, startLimitMs: number, user: ServerSet): McpServer {
    if (this.isStopped) throw new Error('the daemon stops');
    const key = JSON.stringify(launch);
    const { server, users } = this.shared.get(key) ?? this.begin(key, launch, startLimitMs);
    if (users.size === 0) server.send({ type: 'acquired' });
    if (!users.has(user) && server.state === 'failed') server.send({ type: 'retry' });
    users.add(user);
    return server;
  }

  release(server: McpServer, user: ServerSet): void {
    const known = this.shared.get(JSON.stringify(server.launch));
    if (known?.server !== server || !known.users.delete(user)) return;
    if (known.users.size === 0) server.send({ type: 'released' });
  }

  /** Tries those again that failed. */
  retryFailed(): void {
    for (const { server } of [...this.shared.values()]) server.send({ type: 'retry' });
  }

  /** Somebody signed in to a server: those are tried again that failed. */
  signedIn(address: McpAddress): void {
    for (const server of this.at(address)) server.send({ type: 'retry' });
  }

  /** Nobody is signed in to a server any more. */
  signedOut(address: McpAddress): void {
    for (const server of this.at(address))
      server.send({ type: 'lost', reason: 'you signed out of it', needsSignIn: true });
  }

  /** Ends all of them; settles when they are gone. */
  async stopAll(): Promise<void> {
    this.isStopped = true;
    await Promise.all([...this.shared.values()].map(({ server }) => server.stop()));
    await Promise.all(this.leaving);
  }

  /** Servers that were ended and are not gone yet. */
  private readonly leaving = new Set<Promise<void>>();

  private at({ name, url }: McpAddress): readonly McpServer[] {
    return [...this.shared.values()]
      .map(({ server }) => server)
      .filter(({ launch }) => takesSignIn(launch) && launch.name === name && launch.url === url);
  }

  private begin(key: string, launch: McpLaunch, startLimitMs: number): Shared {
    const users = new Set<ServerSet>();
    const onChange = (server: McpServer) => {
      if (server.state === 'stopped') this.forget(key, server);
      else for (const user of users) user.note(server);
    };
    const server = new McpServer(launch, { startLimitMs, lingerMs: this.deps.lingerMs }, { ...this.deps, onChange });
    const shared = { server, users };
    this.shared.set(key, shared);
    return shared;
  }

  private forget(key: string, server: McpServer): void {
    if (this.shared.get(key)?.server === server) this.shared.delete(key);
    const gone = server.whenGone().finally(() => this.leaving.delete(gone));
    this.leaving.add(gone);
  }
}
