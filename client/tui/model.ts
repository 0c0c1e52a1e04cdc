import type { AccountState } from '../../machines/protocol/methods/account.ts';
import type { DaemonStatus } from '../../machines/protocol/methods/daemon.ts';
import type { TurnEnvironment } from '../../machines/protocol/methods/environment.ts';
import type { FoundFile } from '../../machines/protocol/methods/file-search.ts';
import type { McpServerStatus } from '../../machines/protocol/methods/mcp-server.ts';
import type { WireModel } from '../../machines/protocol/methods/model.ts';
import type { ReviewTarget } from '../../machines/protocol/methods/review.ts';
import type { AnswerContent, ApprovalDecision } from '../../machines/protocol/types/approval.ts';
import type {
  CollaborationMode,
  ModeKind,
  Presence,
  Thread,
  ThreadSettings,
  ThreadSnapshot,
  Turn,
} from '../../machines/protocol/types/thread.ts';
import type { AccountAnswer } from '../account/account-text.ts';
import type { LinkState, ThreadUpdate } from '../connection/link.ts';
import type { FileSearch } from './completion.ts';
import { type Composer, createComposer } from './composer/composer.ts';
import type { InputEvent } from './input/events.ts';
import type { Overlay } from './overlays/overlay.ts';
import type { Seat } from './seat.ts';
import { type LoginEnd, type LoginWay, NO_SIGN_IN, type SignIn, type StartedLogin } from './sign-in.ts';
import type { StyleName } from './theme.ts';
import type { Size } from './view/line.ts';

/** A line of our own in the transcript: a warning, an answer to a command. It stands below what was there when it came. */
export interface Note {
  readonly text: string;
  readonly style: StyleName;
}

/** A prompt that was sent and is no item yet. */
export interface Echo {
  readonly promptId: string;
  readonly text: string;
  /** The mode that begins with it; null: as the thread has it. */
  readonly inMode: ModeKind | null;
}

/** The transcript's top row while it is scrolled up: a row of one entry (view/entries.ts). */
export interface ScrollAnchor {
  readonly key: string;
  readonly row: number;
}

/** A prompt of this client that could not be sent: sent again unchanged it keeps its id, so that it is not doubled. */
export interface FailedPrompt extends Echo {
  /** What is typed is still about it: its mode goes along, also when the words were changed. */
  readonly isTyped: boolean;
}

/** Everything the interface knows. Times are milliseconds since the epoch. */
export interface Model {
  readonly threadId: string;
  readonly snapshot: ThreadSnapshot;
  readonly role: 'operator' | 'observer';
  /** The client's folder and the user's home, for showing paths short. */
  readonly cwd: string;
  readonly home: string | null;
  readonly link: LinkState;
  /** Id of the present connection; null at a server of the reference. */
  readonly clientId: string | null;
  readonly seat: Seat;
  readonly size: Size;
  readonly nowMs: number;
  readonly composer: Composer;
  readonly lastTypedAtMs: number;
  /** The popup above the composer: the chosen row, and whether Esc closed it. */
  readonly completion: { readonly chosen: number; readonly isClosed: boolean };
  /** What was found for the `@…` that is typed; null before the first answer. */
  readonly files: FileSearch | null;
  readonly echoes: readonly Echo[];
  readonly failedPrompt: FailedPrompt | null;
  /** Own lines by the key of the entry they stand below. */
  readonly notes: ReadonlyMap<string, readonly Note[]>;
  /** Lines above the first turn. */
  readonly notices: readonly string[];
  readonly scroll: ScrollAnchor | null;
  readonly detail: 'short' | 'full';
  readonly signIn: SignIn;
  /** What was asked about here, and not wanted: turns whose plan is not carried out yet. */
  readonly putAside: readonly string[];
  /** Open overlays, the last on top. */
  readonly overlays: readonly Overlay[];
  /** A line in the status row that goes by itself. */
  readonly hint: { readonly text: string; readonly untilMs: number } | null;
  /** ctrl+c again before this time quits. */
  readonly quitArmedUntilMs: number;
}

/** Everything that can happen. */
export type Message =
  | { readonly type: 'input'; readonly event: InputEvent; readonly atMs: number }
  | { readonly type: 'resized'; readonly size: Size }
  | { readonly type: 'ticked'; readonly nowMs: number }
  | { readonly type: 'threadUpdated'; readonly threadId: string; readonly update: ThreadUpdate; readonly nowMs: number }
  | { readonly type: 'threadOpened'; readonly threadId: string; readonly snapshot: ThreadSnapshot }
  | { readonly type: 'linkChanged'; readonly state: LinkState; readonly clientId: string | null }
  | { readonly type: 'promptGiven'; readonly text: string }
  | ({ readonly type: 'promptSent' } & Echo)
  | { readonly type: 'promptFailed'; readonly promptId: string; readonly text: string; readonly why: string }
  | { readonly type: 'approvalFailed'; readonly approvalId: string; readonly isSettled: boolean; readonly why: string }
  | { readonly type: 'promptWithdrawn'; readonly text: string }
  | { readonly type: 'draftFound'; readonly text: string }
  | { readonly type: 'filesFound'; readonly query: string; readonly files: readonly FoundFile[] }
  | { readonly type: 'filesComplete' }
  | { readonly type: 'fileSearchFailed'; readonly query: string; readonly why: string }
  | { readonly type: 'modelsLoaded'; readonly models: readonly WireModel[] }
  | {
      readonly type: 'threadsLoaded';
      readonly threads: readonly Thread[];
      readonly presence: Readonly<Record<string, readonly Presence[]>>;
    }
  | { readonly type: 'presenceLoaded'; readonly presence: readonly Presence[] }
  | { readonly type: 'statusLoaded'; readonly status: DaemonStatus; readonly environment: TurnEnvironment }
  | { readonly type: 'mcpServersLoaded'; readonly servers: readonly McpServerStatus[] }
  | { readonly type: 'accountRead'; readonly answer: AccountAnswer; readonly because: AccountReason }
  | { readonly type: 'accountChanged'; readonly state: AccountState }
  | { readonly type: 'loginAsked'; readonly attemptId: string; readonly way: LoginWay }
  | { readonly type: 'loginStarted'; readonly attemptId: string; readonly started: StartedLogin }
  | { readonly type: 'loginSettled'; readonly attemptId: string; readonly failure: string | null }
  | { readonly type: 'loginEnded'; readonly end: LoginEnd }
  | { readonly type: 'loginAbandoned' }
  | { readonly type: 'logoutFailed'; readonly why: string }
  | { readonly type: 'signInMissing' }
  | { readonly type: 'noted'; readonly text: string; readonly style: StyleName };

/** Why it is asked who is signed in: something failed for lack of it, or its changes may have been missed. */
export type AccountReason = 'start' | 'reconnected' | 'missing';

/** Everything the interface can ask for. Answers come back as messages. */
export type Effect =
  | {
      readonly type: 'sendPrompt';
      readonly text: string;
      /** `steer` joins the running turn `turnId`, `queue` waits for its end, `start` begins one. */
      readonly mode: 'start' | 'steer' | 'queue';
      readonly turnId: string | null;
      /** The id of an earlier attempt with the same text, or null for a new one. */
      readonly promptId: string | null;
      /** The mode that begins with it; left out: as the thread has it. */
      readonly inMode?: CollaborationMode;
    }
  | { readonly type: 'interrupt'; readonly turnId: string }
  /** `text` goes into the composer then; null: it is dropped. */
  | { readonly type: 'withdrawPrompt'; readonly promptId: string; readonly text: string | null }
  | { readonly type: 'orderPrompts'; readonly promptIds: readonly string[] }
  /** Starts a prompt in line; while a turn runs, gives it this client's environment when it lost its own. */
  | { readonly type: 'startPrompt'; readonly promptId: string; readonly isTurnRunning: boolean }
  | {
      readonly type: 'answerApproval';
      readonly approvalId: string;
      readonly decision: ApprovalDecision;
      /** What was filled in, for a question with a form. */
      readonly content?: AnswerContent;
    }
  | { readonly type: 'takeDraft' }
  | { readonly type: 'loadModels' }
  | { readonly type: 'loadThreads' }
  | { readonly type: 'loadStatus' }
  | { readonly type: 'loadMcpServers' }
  | { readonly type: 'loadPresence' }
  | { readonly type: 'changeModel'; readonly model: string; readonly effort: string | null }
  | { readonly type: 'changeMode'; readonly mode: CollaborationMode }
  | { readonly type: 'rename'; readonly name: string }
  /** Has the history shortened. */
  | { readonly type: 'compact' }
  /** Runs a command of the person's own in the thread. */
  | { readonly type: 'shellCommand'; readonly command: string }
  | { readonly type: 'review'; readonly target: ReviewTarget }
  /** Sets the thread's goal, or says whether it is worked on; null takes it away. */
  | { readonly type: 'changeGoal'; readonly change: GoalWish | null }
  | { readonly type: 'openThread'; readonly threadId: string }
  | { readonly type: 'startThread' }
  | { readonly type: 'loadAccount'; readonly because: AccountReason }
  /** `apiKey` is null for the other ways. */
  | { readonly type: 'startLogin'; readonly way: LoginWay; readonly apiKey: string | null }
  | { readonly type: 'abandonLogin' }
  | { readonly type: 'cancelLogin'; readonly loginId: string }
  | { readonly type: 'logout' }
  | { readonly type: 'openUrl'; readonly url: string }
  /** Into the clipboard of the terminal. */
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'redraw' }
  | { readonly type: 'quit' };

/** What a person wants of the thread's goal. */
export type GoalWish = { readonly objective: string } | { readonly status: 'active' | 'paused' };

/** What an update gives: the next model and what to do. */
export type Step = readonly [Model, readonly Effect[]];

export interface ModelStart {
  readonly threadId: string;
  readonly snapshot: ThreadSnapshot;
  readonly role: 'operator' | 'observer';
  readonly cwd: string;
  readonly home: string | null;
  readonly notices: readonly string[];
  readonly link: LinkState;
  readonly clientId: string | null;
  readonly seat: Seat;
  readonly size: Size;
  readonly nowMs: number;
}

/** The model at start-up, and again when another thread is opened. */
export function createModel(start: ModelStart): Model {
  return {
    ...start,
    composer: createComposer(promptsOf(start.snapshot)),
    lastTypedAtMs: 0,
    completion: { chosen: 0, isClosed: false },
    files: null,
    echoes: [],
    failedPrompt: null,
    notes: new Map(),
    scroll: null,
    detail: 'short',
    signIn: NO_SIGN_IN,
    putAside: [],
    overlays: [],
    hint: null,
    quitArmedUntilMs: 0,
  };
}

/** What this client's next turn runs with: the thread's settings, and what it asked for its own turns. */
export function ownSettings({ snapshot, clientId }: Model): ThreadSettings {
  const { settings, presence } = snapshot;
  const own = presence.findLast((client) => client.clientId === clientId)?.ownPolicy;
  return {
    ...settings,
    approvalPolicy: own?.approvalPolicy ?? settings.approvalPolicy,
    sandboxPolicy: own?.sandboxPolicy ?? settings.sandboxPolicy,
  };
}

/** The turn that runs now, or null. */
export function runningTurn({ snapshot }: Model): Turn | null {
  const last = snapshot.thread.turns.at(-1);
  return last?.status === 'inProgress' ? last : null;
}

/** Earlier prompts of a thread as text, oldest first: the composer's history. */
function promptsOf(snapshot: ThreadSnapshot): string[] {
  return snapshot.thread.turns
    .flatMap((turn) => turn.items)
    .flatMap((item) => (item.type === 'userMessage' ? item.content : []))
    .flatMap((input) => (input.type === 'text' && input.text.trim() !== '' ? [input.text] : []));
}
