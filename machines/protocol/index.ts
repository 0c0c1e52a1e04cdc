/** The three tables of the wire: what clients ask, what the daemon asks, what the daemon tells. */
import { byMethod, type ParamsOf, type ResultOf } from './define.ts';
import { machineRequests } from './machine-methods.ts';
import {
  accountLoginCancel,
  accountLoginCompleted,
  accountLoginStart,
  accountLogout,
  accountRead,
  accountStateChanged,
  accountUpdated,
  chatgptAuthTokensRefresh,
  getAuthStatus,
} from './methods/account.ts';
import { accountRateLimitsRead, checkGovCloudRequirements, rateLimitsUpdated } from './methods/account-limits.ts';
import {
  approvalList,
  approvalRequested,
  approvalResolved,
  approvalRespond,
  commandApprovalRequest,
  fileChangeApprovalRequest,
  serverRequestResolved,
  userInputRequest,
} from './methods/approval.ts';
import { catalogRequests } from './methods/catalog.ts';
import {
  configBatchWrite,
  configMcpServerReload,
  configRead,
  configRequirementsRead,
  configTrustWrite,
  configValueWrite,
} from './methods/config.ts';
import {
  daemonActorsList,
  daemonListenerClose,
  daemonListenerOpen,
  daemonStatus,
  daemonStop,
  daemonStopping,
} from './methods/daemon.ts';
import { draftSet, draftTake } from './methods/draft.ts';
import { dynamicToolCall } from './methods/dynamic-tool.ts';
import { environmentRead } from './methods/environment.ts';
import { goalRequests, threadGoalCleared, threadGoalUpdated } from './methods/goal.ts';
import { initialize, initialized } from './methods/initialize.ts';
import {
  agentMessageDelta,
  commandOutputDelta,
  itemCompleted,
  itemStarted,
  mcpToolCallProgress,
  planDelta,
  reasoningSummaryPartAdded,
  reasoningSummaryTextDelta,
  reasoningTextDelta,
  terminalInteraction,
} from './methods/item.ts';
import { mcpOauthRequests, mcpServerOauthLoginCompleted } from './methods/mcp-oauth.ts';
import { mcpServerElicitationRequest, mcpServerStartupStatusUpdated } from './methods/mcp-server.ts';
import { modelList } from './methods/model.ts';
import { presenceList } from './methods/presence.ts';
import { reviewStart } from './methods/review.ts';
import { skillsChanged } from './methods/skills.ts';
import {
  presenceChanged,
  threadAttach,
  threadClosed,
  threadList,
  threadNameSet,
  threadNameUpdated,
  threadRead,
  threadResume,
  threadSettingsUpdate,
  threadSettingsUpdated,
  threadSnapshotSent,
  threadStart,
  threadStarted,
  threadStatusChanged,
  threadTokenUsageUpdated,
  threadUnsubscribe,
} from './methods/thread.ts';
import {
  threadBackgroundTerminalsList,
  threadItemsList,
  threadLoadedList,
  threadTurnsList,
} from './methods/thread-history.ts';
import { threadQueueChanged, threadQueueRequests } from './methods/thread-queue.ts';
import { threadReadStateChanged, threadReadStateUpdate } from './methods/thread-read-state.ts';
import * as search from './methods/thread-search.ts';
import * as store from './methods/thread-store.ts';
import { threadWhy } from './methods/thread-why.ts';
import { threadCompacted, threadWorkRequests } from './methods/thread-work.ts';
import {
  turnCompleted,
  turnDiffUpdated,
  turnErrorNotice,
  turnInterrupt,
  turnPlanUpdated,
  turnSettingsUpdate,
  turnStart,
  turnStarted,
  turnSteer,
  warning,
} from './methods/turn.ts';

export const clientRequests = byMethod([
  initialize,
  threadStart,
  threadResume,
  threadAttach,
  threadList,
  threadRead,
  threadNameSet,
  threadUnsubscribe,
  threadSettingsUpdate,
  store.threadFork,
  store.threadArchive,
  store.threadUnarchive,
  store.threadDelete,
  store.threadMetadataUpdate,
  store.threadRevert,
  store.threadInjectItems,
  threadReadStateUpdate,
  search.threadSearch,
  search.threadSearchOccurrences,
  search.threadItemsRead,
  threadTurnsList,
  threadItemsList,
  threadLoadedList,
  threadBackgroundTerminalsList,
  ...threadQueueRequests,
  presenceList,
  environmentRead,
  draftSet,
  draftTake,
  turnStart,
  turnSteer,
  turnInterrupt,
  ...threadWorkRequests,
  ...goalRequests,
  turnSettingsUpdate,
  reviewStart,
  approvalList,
  approvalRespond,
  threadWhy,
  modelList,
  configRead,
  configRequirementsRead,
  configTrustWrite,
  configValueWrite,
  configBatchWrite,
  configMcpServerReload,
  ...machineRequests,
  ...catalogRequests,
  ...mcpOauthRequests,
  checkGovCloudRequirements,
  accountRead,
  getAuthStatus,
  accountLoginStart,
  accountLoginCancel,
  accountLogout,
  accountRateLimitsRead,
  daemonStatus,
  daemonActorsList,
  daemonStop,
  daemonListenerOpen,
  daemonListenerClose,
]);
export type ClientMethod = keyof typeof clientRequests;
export type ClientParams<M extends ClientMethod> = ParamsOf<(typeof clientRequests)[M]>;
export type ClientResult<M extends ClientMethod> = ResultOf<(typeof clientRequests)[M]>;

export const daemonRequests = byMethod([
  dynamicToolCall,
  commandApprovalRequest,
  fileChangeApprovalRequest,
  userInputRequest,
  mcpServerElicitationRequest,
  chatgptAuthTokensRefresh,
]);

export const clientNotifications = byMethod([initialized]);

/** Notifications that only clients get which do not speak ours. */
export const plainNotifications = byMethod([rateLimitsUpdated]);

/** Notifications of one thread: numbered, folded, sent to its followers. */
export const threadNotifications = byMethod([
  threadStarted,
  threadClosed,
  threadStatusChanged,
  threadNameUpdated,
  threadSettingsUpdated,
  threadTokenUsageUpdated,
  threadReadStateChanged,
  store.threadGitInfoUpdated,
  threadQueueChanged,
  threadSnapshotSent,
  threadCompacted,
  threadGoalUpdated,
  threadGoalCleared,
  presenceChanged,
  turnStarted,
  turnCompleted,
  turnErrorNotice,
  turnDiffUpdated,
  turnPlanUpdated,
  warning,
  itemStarted,
  itemCompleted,
  agentMessageDelta,
  planDelta,
  reasoningSummaryPartAdded,
  reasoningSummaryTextDelta,
  reasoningTextDelta,
  commandOutputDelta,
  terminalInteraction,
  mcpToolCallProgress,
  mcpServerStartupStatusUpdated,
  approvalRequested,
  approvalResolved,
  serverRequestResolved,
]);
export type ThreadMethod = keyof typeof threadNotifications;

/** One event of a thread, as it is folded and sent. */
export type ThreadNotification = {
  [M in ThreadMethod]: { readonly method: M; readonly params: ParamsOf<(typeof threadNotifications)[M]> };
}[ThreadMethod];

/** Notifications that go to every initialized connection. */
export const globalNotifications = byMethod([
  accountUpdated,
  accountLoginCompleted,
  accountStateChanged,
  mcpServerOauthLoginCompleted,
  daemonStopping,
  skillsChanged,
  store.threadArchived,
  store.threadUnarchived,
  store.threadDeleted,
  store.threadReverted,
]);
export type GlobalMethod = keyof typeof globalNotifications;
export type GlobalNotification = {
  [M in GlobalMethod]: { readonly method: M; readonly params: ParamsOf<(typeof globalNotifications)[M]> };
}[GlobalMethod];

/** What only clients are told that sent our extension in `initialize`; the reference's do not know it. */
export const ownNotifications: ReadonlySet<string> = new Set(
  Object.values({ ...threadNotifications, ...globalNotifications })
    .filter(({ isOurs }) => isOurs)
    .map(({ method }) => method),
);
