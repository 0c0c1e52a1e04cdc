import type { ContextFacts } from '../../machines/context/context-items.ts';
import type { ModelInfo } from '../../machines/model/models.ts';
import type { Provider } from '../../machines/model/provider.ts';
import type { ResponseItem } from '../../machines/model/response-item.ts';
import type { SandboxPolicy } from '../../machines/policy/sandbox.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import type { ReviewTarget } from '../../machines/protocol/methods/review.ts';
import type { ThreadGoal } from '../../machines/protocol/types/goal.ts';
import type { ClientTag, UserInput } from '../../machines/protocol/types/item.ts';
import type { CollaborationMode, ThreadSettings } from '../../machines/protocol/types/thread.ts';
import type { GoalChange } from '../../machines/thread/goal.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ProcessTable } from '../exec/process-table.ts';
import type { SpawnCommand } from '../exec/spawn-command.ts';
import type { ServerSet } from '../mcp/server-set.ts';
import type { ModelClient } from '../model/openai-client.ts';
import type { SandboxProbe } from '../sandbox/probe.ts';
import type { DynamicTools } from './dynamic-tools.ts';
import type { ThreadOverrides } from './thread-setup.ts';

/** A prompt as it was submitted. Its environment is kept in memory only. */
export interface SubmittedPrompt {
  readonly promptId: string;
  readonly turnId: string;
  readonly input: readonly UserInput[];
  readonly sentBy: ClientTag | null;
  readonly environment: ClientEnvironment;
  readonly overrides: ThreadOverrides & {
    readonly sandboxPolicy?: ThreadSettings['sandboxPolicy'] | null | undefined;
    readonly collaborationMode?: CollaborationMode | null | undefined;
  };
  readonly outputSchema: unknown;
  /** What it asks for; left out: an answer to `input`. */
  readonly task?: PromptTask | undefined;
}

/** A turn that is no plain prompt. */
export type PromptTask =
  | { readonly kind: 'compact' }
  | { readonly kind: 'userCommand'; readonly command: string; readonly timeoutMs: number | null }
  /** On for the thread's goal, without a word of a person. */
  | { readonly kind: 'goal' }
  | { readonly kind: 'review'; readonly target: ReviewTarget };

/** What the tools of all threads share. */
export interface ToolDeps {
  readonly processes: ProcessTable;
  readonly spawn: SpawnCommand;
  readonly probe: () => Promise<SandboxProbe>;
  /** What a sandboxed command must not even read: sockets, credentials. */
  readonly hidden: readonly string[];
  /** What it may only read, wherever it lies: the home, whose configuration decides about later commands. */
  readonly guarded: readonly string[];
  /** The program that writes a patch inside the sandbox, as words. */
  readonly patchWriter: readonly string[];
  readonly now: () => number;
}

/** The goal of the thread, as its turns see and change it. */
export interface GoalDesk {
  readonly current: ThreadGoal | null;
  change(change: GoalChange, turnId: string | null): ThreadGoal;
}

/** Everything that one turn runs with, from its prompt to its end. */
export interface TurnRun {
  readonly threadId: string;
  readonly turnId: string;
  readonly prompt: SubmittedPrompt;
  readonly settings: ThreadSettings;
  readonly sandboxPolicy: SandboxPolicy;
  readonly model: ModelInfo;
  readonly provider: Provider;
  readonly client: ModelClient;
  readonly loaded: LoadedConfig;
  readonly instructions: string;
  /** What the model reads and adds to: the thread's history, or a reviewer's own. */
  readonly history: ResponseItem[];
  readonly goals: GoalDesk;
  /** What is reviewed, when the turn is a review. */
  readonly review: ReviewTarget | null;
  /** What the model is told about its surroundings now. */
  readonly facts: ContextFacts | null;
  readonly startedAtMs: number;
  readonly tools: ToolDeps;
  /** The MCP servers that the thread uses. */
  readonly mcp: ServerSet;
  readonly dynamicTools: DynamicTools;
  /** Calls that a person allowed for good: for this turn, or for the turns of the client that sent it. */
  readonly grants: Pick<ReadonlySet<string>, 'has'>;
  /** First and last text of each file that the turn's patches changed, by absolute path; null: not there. */
  readonly changedFiles: Map<string, { before: string | null; after: string | null }>;
  /** One patch at a time: edits of parallel calls must not interleave (agent.md §1). */
  readonly patchLock: { tail: Promise<unknown> };
}

/** `TMPDIR` of the turn's client, or null. */
export function tmpdirOf({ prompt }: TurnRun): string | null {
  return prompt.environment.variables.TMPDIR ?? null;
}
