/** The table of handlers: one typed entry per client method, or it does not compile. */
import type { Handlers } from '../server/register.ts';
import { accountHandlers } from './account.ts';
import { approvalHandlers } from './approval.ts';
import { catalogHandlers } from './catalog.ts';
import { commandExecHandlers } from './command-exec.ts';
import { configHandlers } from './config.ts';
import { daemonHandlers } from './daemon.ts';
import { diagnosticsHandlers } from './diagnostics.ts';
import { draftHandlers } from './draft.ts';
import { environmentHandlers } from './environment.ts';
import { fileSearchHandlers } from './file-search.ts';
import { fsHandlers } from './fs.ts';
import { goalHandlers } from './goal.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { initializeHandlers } from './initialize.ts';
import { mcpOauthHandlers } from './mcp-oauth.ts';
import { mcpServerHandlers } from './mcp-server.ts';
import { modelHandlers } from './model.ts';
import { presenceHandlers } from './presence.ts';
import { processHandlers } from './process.ts';
import { reviewHandlers } from './review.ts';
import { skillsHandlers } from './skills.ts';
import { threadHandlers } from './thread.ts';
import { threadEditHandlers } from './thread-edit.ts';
import { threadHistoryHandlers } from './thread-history.ts';
import { threadQueueHandlers } from './thread-queue.ts';
import { threadReadStateHandlers } from './thread-read-state.ts';
import { threadSearchHandlers } from './thread-search.ts';
import { threadStoreHandlers } from './thread-store.ts';
import { threadWorkHandlers } from './thread-work.ts';
import { turnHandlers } from './turn.ts';

export function createHandlers(deps: HandlerDeps): Handlers {
  return {
    ...initializeHandlers(deps),
    ...threadHandlers(deps),
    ...threadHistoryHandlers(deps),
    ...threadQueueHandlers(deps),
    ...presenceHandlers(deps),
    ...environmentHandlers(deps),
    ...draftHandlers(deps),
    ...threadStoreHandlers(deps),
    ...threadEditHandlers(deps),
    ...threadReadStateHandlers(deps),
    ...threadSearchHandlers(deps),
    ...turnHandlers(deps),
    ...threadWorkHandlers(deps),
    ...reviewHandlers(deps),
    ...goalHandlers(deps),
    ...approvalHandlers(deps),
    ...modelHandlers(deps),
    ...configHandlers(deps),
    ...commandExecHandlers(deps),
    ...processHandlers(deps),
    ...diagnosticsHandlers(deps),
    ...mcpServerHandlers(deps),
    ...mcpOauthHandlers(deps),
    ...fsHandlers(deps),
    ...fileSearchHandlers(deps),
    ...skillsHandlers(deps),
    ...catalogHandlers(deps),
    ...accountHandlers(deps),
    ...daemonHandlers(deps),
  };
}
