import type { DaemonStatus } from '../../machines/protocol/methods/daemon.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import type { ActorList } from '../actor-list.ts';
import type { Auth } from '../auth/auth.ts';
import type { Clock } from '../deps.ts';
import type { McpOauth } from '../mcp/mcp-oauth.ts';
import type { McpServers } from '../mcp/mcp-servers.ts';
import type { AccountLimits } from '../model/account-limits.ts';
import type { Belongings } from '../server/belongings.ts';
import type { Broadcast } from '../server/broadcast.ts';
import type { Connection } from '../server/connection.ts';
import type { Doors } from '../server/doors.ts';
import type { AuthStore } from '../store/auth-store.ts';
import type { Drafts } from '../store/drafts.ts';
import type { ThreadFactsFile } from '../store/thread-facts.ts';
import type { ThreadIndex } from '../store/thread-index.ts';
import { plainEnvironment } from '../threads/plain-environment.ts';
import type { ThreadDeps } from '../threads/thread-deps.ts';
import type { ThreadRegistry } from '../threads/thread-registry.ts';

/** What the handlers work with. */
export interface HandlerDeps {
  readonly home: string;
  readonly clock: Clock;
  readonly instanceId: string;
  readonly registry: ThreadRegistry;
  /** Settles when the threads in which a question waits are loaded, or could not be. */
  readonly restored: Promise<void>;
  readonly index: ThreadIndex;
  readonly facts: ThreadFactsFile;
  /** Folder of the words of answers that are still coming. */
  readonly partialDir: string;
  readonly broadcast: Broadcast;
  readonly drafts: Drafts;
  readonly belongings: Belongings;
  readonly mcp: McpServers;
  readonly mcpOauth: McpOauth;
  /** What commands run with, and what they must not see. */
  readonly tools: Pick<ThreadDeps['tools'], 'hidden' | 'guarded'>;
  /** Folders with skills that a client added; all threads see them. */
  readonly skillRoots: ThreadDeps['skillRoots'];
  readonly auth: Auth;
  readonly authStore: AuthStore;
  readonly accountLimits: AccountLimits;
  readonly chooseProvider: ThreadDeps['chooseProvider'];
  /** Copies the practice example and gives its folder. */
  readonly copyExample: (variables: Readonly<Record<string, string>>) => Promise<string>;
  readonly doors: Doors;
  readonly actors: ActorList;
  readonly status: () => Promise<DaemonStatus>;
  readonly stop: (reason: string, drainMs: number) => void;
}

/** The surroundings of a client's turns (DESIGN §3). */
export function environmentOf({ facts }: Connection, home: string): ClientEnvironment {
  return facts?.environment ?? plainEnvironment(home);
}
