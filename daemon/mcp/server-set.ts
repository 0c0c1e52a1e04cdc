import type { Config } from '../../machines/config/config-schema.ts';
import { messageOf } from '../../machines/core/errors.ts';
import { isToolEnabled, type McpServerConfig, startLimitMsOf, toolLimitMsOf } from '../../machines/mcp/mcp-config.ts';
import { type McpPlace, toLaunch } from '../../machines/mcp/mcp-launch.ts';
import { callName, namespaceOf, serverNames, toolNames } from '../../machines/mcp/mcp-names.ts';
import type { McpTool } from '../../machines/mcp/mcp-offer.ts';
import type { McpServerNotice } from '../../machines/protocol/methods/mcp-server.ts';
import type { McpServer, McpState } from './mcp-server.ts';
import type { McpServers } from './mcp-servers.ts';

/** A configured server as one thread sees it. */
export interface BoundServer {
  readonly name: string;
  readonly config: McpServerConfig;
  /** Null: it could not even be tried, and `problem` says why. */
  readonly server: McpServer | null;
  readonly problem: string | null;
}

/** A tool that the model is offered, under the name that it is called by. */
export interface BoundTool {
  readonly bound: BoundServer & { readonly server: McpServer };
  readonly tool: McpTool;
  /** `mcp__SERVER` */
  readonly namespace: string;
  /** Its name in the namespace. */
  readonly name: string;
  /** Both in one. */
  readonly callName: string;
}

/** States in which a server's tools are offered: also while it is started again, since a call waits for it. */
const OFFERED: ReadonlySet<McpState> = new Set(['ready', 'restarting', 'starting']);

/** The servers that one thread uses, in the environment of the client whose turn came last. */
export class ServerSet {
  private current: readonly BoundServer[] = [];
  private readonly told = new Map<string, string>();

  constructor(
    private readonly servers: McpServers,
    private readonly announce: (notice: McpServerNotice) => void,
  ) {}

  get bound(): readonly BoundServer[] {
    return this.current;
  }

  /** How each stands now: what is told of them to who joins later. */
  get notices(): readonly McpServerNotice[] {
    return this.current.map(noticeOf);
  }

  /** Takes the servers of a configuration, and lets go of those that it has no more. All start at once. */
  open({ mcp_servers: configured = {} }: Config, place: McpPlace): void {
    const before = this.current;
    this.current = Object.entries(configured)
      .filter(([, { enabled }]) => enabled !== false)
      .map(([name, config]) => this.bind(name, config, place));
    const kept = new Set(this.current.map(({ server }) => server));
    for (const { server } of before) if (server && !kept.has(server)) this.servers.release(server, this);
    for (const name of this.told.keys()) if (!this.current.some((bound) => bound.name === name)) this.told.delete(name);
    for (const bound of this.current) this.tell(bound);
  }

  close(): void {
    for (const { server } of this.current) if (server) this.servers.release(server, this);
    this.current = [];
  }

  /** A server of it changed. */
  note(server: McpServer): void {
    for (const bound of this.current) if (bound.server === server) this.tell(bound);
  }

  /** A turn begins: failures that are not fresh any more are tried again. */
  need(): void {
    for (const { server } of this.current) server?.send({ type: 'needed' });
  }

  /** Settles when none is being started for the first time; each has its own limit. @throws the signal's reason */
  async whenStarted(signal: AbortSignal): Promise<void> {
    const starting = this.current.flatMap(({ server }) => (server && server.offer === null ? [server] : []));
    await Promise.all(starting.map((server) => server.whenStarted(signal)));
  }

  /** The same, for a turn. @throws also Error naming a required server that does not run */
  async whenUsable(signal: AbortSignal): Promise<void> {
    await this.whenStarted(signal);
    for (const bound of this.current) {
      const why = failureOf(bound);
      if (bound.config.required && why !== null)
        throw new Error(`the MCP server ${bound.name} is required, and failed: ${why}`);
    }
  }

  /** The tools that the model is offered, as things stand. */
  get tools(): readonly BoundTool[] {
    const names = serverNames(this.current.map(({ name }) => name));
    return this.current.flatMap((bound) => {
      const { server, config } = bound;
      if (!server?.offer || !OFFERED.has(server.state)) return [];
      const namespace = namespaceOf(names.get(bound.name) ?? bound.name);
      const enabled = server.offer.tools.filter(({ name }) => isToolEnabled(config, name));
      const called = toolNames(names.get(bound.name) ?? bound.name, enabled);
      return enabled.map((tool): BoundTool => {
        const name = called.get(tool.name) ?? tool.name;
        return { bound: { ...bound, server }, tool, namespace, name, callName: callName(name, namespace) };
      });
    });
  }

  private bind(name: string, config: McpServerConfig, place: McpPlace): BoundServer {
    try {
      const server = this.servers.acquire(toLaunch(name, config, place), startLimitMsOf(config), this);
      return { name, config, server, problem: null };
    } catch (error) {
      return { name, config, server: null, problem: messageOf(error) };
    }
  }

  private tell(bound: BoundServer): void {
    const notice = noticeOf(bound);
    const text = JSON.stringify(notice);
    if (this.told.get(bound.name) === text) return;
    this.told.set(bound.name, text);
    this.announce(notice);
  }
}

/** Why a server's tools cannot be had; null: they can, or it is not known yet. */
export function failureOf({ server, problem }: BoundServer): string | null {
  if (!server) return problem;
  return server.state === 'failed' || server.state === 'stopped' ? (server.error ?? 'it was ended') : null;
}

/** Whether it waits for a person to sign in to it. */
export const needsSignIn = ({ server }: BoundServer): boolean => server?.state === 'failed' && server.needsSignIn;

function noticeOf(bound: BoundServer): McpServerNotice {
  const error = failureOf(bound);
  const reason = needsSignIn(bound) ? ({ failureReason: 'reauthenticationRequired' } as const) : {};
  if (error !== null) return { name: bound.name, status: 'failed', error, ...reason };
  return { name: bound.name, status: bound.server?.state === 'ready' ? 'ready' : 'starting', error: null };
}

export const limitOf = ({ config }: BoundServer): number => toolLimitMsOf(config);
