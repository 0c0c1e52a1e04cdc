import type { InspectionEvent } from 'xstate';
import type { AuthServer } from '../../machines/auth/auth-server.ts';
import type { IdSource } from '../../machines/core/ids.ts';
import type { Clock } from '../deps.ts';
import type { Limits } from '../limits.ts';
import type { McpServers } from '../mcp/mcp-servers.ts';
import type { ModelAuth } from '../model/request-headers.ts';
import type { AuditLog } from '../store/audit-log.ts';
import type { QuestionMarks } from '../store/question-marks.ts';
import type { ThreadFactsFile } from '../store/thread-facts.ts';
import type { ThreadIndex } from '../store/thread-index.ts';
import type { DynamicTools } from './dynamic-tools.ts';
import type { FeedEntry } from './thread-feed.ts';
import type { ChooseProvider } from './thread-setup.ts';
import type { ToolDeps } from './turn-run.ts';

/** What all threads share. */
export interface ThreadDeps {
  readonly home: string;
  /** Folder of the words of answers that are still coming. */
  readonly partialDir: string;
  /** Folder of the logs of threads that are not kept; emptied when a daemon starts. */
  readonly ephemeralDir: string;
  /** Folders with skills that a client added. */
  readonly skillRoots: { extra: readonly string[] };
  readonly limits: Limits;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly random: () => number;
  readonly index: ThreadIndex;
  /** Whether somebody typed something for a thread: one that is still empty stays then. */
  readonly hasDraft: (threadId: string) => boolean;
  /** What is known of threads beside their logs. */
  readonly facts: ThreadFactsFile;
  /** Removes the log of a thread that never got a prompt, or is deleted. */
  readonly removeLog: (path: string) => Promise<void>;
  /** Names the threads in which a question waits. */
  readonly questionMarks: QuestionMarks;
  readonly audit: AuditLog;
  readonly tools: ToolDeps;
  readonly mcp: McpServers;
  readonly dynamicTools: DynamicTools;
  readonly chooseProvider: ChooseProvider;
  /** The stored sign-in, for a request whose client's environment names this server. */
  readonly getAuth: (server: AuthServer) => Promise<ModelAuth>;
  /** After a 401; null when there is nothing to renew. */
  readonly recoverAuth: (rejected: ModelAuth, server: AuthServer) => Promise<ModelAuth | null>;
  /** Takes note of what a model's answer says of the plan's limits. */
  readonly noteLimits: (headers: Headers, auth: ModelAuth) => void;
  /** The practice model's answers, for the embedded provider. */
  readonly practiceFetch: () => Promise<typeof globalThis.fetch>;
  /** `NAME/VERSION (OS; arch) …` */
  readonly userAgent: string;
  readonly onInternalError: (error: unknown, where: string) => void;
  /** Hears of every step of the machines (actor-list.ts). */
  readonly inspect: (event: InspectionEvent) => void;
  /** A thread announced something. */
  readonly onEvent: (threadId: string, entry: FeedEntry) => void;
  /** A thread's machine changed its state. */
  readonly onChange: (threadId: string) => void;
}
