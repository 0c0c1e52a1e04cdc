import { join } from 'node:path';
import { BASE_INSTRUCTIONS } from '../../machines/context/base-instructions.ts';
import { createUuidV7 } from '../../machines/core/ids.ts';
import { VERSION } from '../../machines/core/version.ts';
import type { DynamicToolSpec } from '../../machines/protocol/types/dynamic-tool.ts';
import { replayLine } from '../../machines/thread/replay.ts';
import type { LinePayload, SessionMeta } from '../../machines/thread/rollout-line.ts';
import { emptyRecord } from '../../machines/thread/thread-record.ts';
import { rolloutPath } from '../store/paths.ts';
import { Rollout } from '../store/rollout.ts';
import { readGitInfo } from './git-info.ts';
import type { ThreadDeps } from './thread-deps.ts';
import type { ThreadParts } from './thread-loader.ts';
import { setUpThread, type ThreadOverrides, type WorkPlace } from './thread-setup.ts';

export interface StartRequest {
  readonly place: WorkPlace;
  readonly overrides: ThreadOverrides;
  /** Program that started it, as in `initialize`. */
  readonly originator: string;
  /** Not kept: no listing shows it, and it goes with its last client. */
  readonly isEphemeral: boolean;
  /** What the client says it is for, or null. */
  readonly threadSource: string | null;
  /** Tools that the client answers itself. */
  readonly dynamicTools: readonly DynamicToolSpec[];
}

/** The first line of a log is read for every listing: more tools than this are known only while their client is there. */
const MAX_KEPT_TOOLS = 32 * 1024;

/** A program's name as logs have it. */
export const originatorName = (name: string): string => name.replaceAll('-', '_');

/** Writes the first line of a thread's log. @throws RpcError as setUpThread does, threadStoreFailed */
export async function beginThread(
  deps: ThreadDeps,
  sessionsDir: string,
  { place, overrides, originator, isEphemeral, threadSource, dynamicTools }: StartRequest,
): Promise<ThreadParts> {
  const { cwd } = place;
  const setup = await setUpThread(deps.home, place, overrides, deps.chooseProvider);
  const id = createUuidV7(deps.ids);
  const now = new Date(deps.clock.now());
  const meta: SessionMeta = {
    id,
    session_id: id,
    timestamp: now.toISOString(),
    cwd,
    originator: originatorName(originator),
    cli_version: VERSION,
    source: originator === 'codex-exec' ? 'exec' : 'cli',
    model_provider: setup.provider.id,
    base_instructions: { text: overrides.baseInstructions ?? BASE_INSTRUCTIONS },
    git: await readGitInfo(cwd),
    ...(threadSource === null ? {} : { thread_source: threadSource }),
    ...(isKept(dynamicTools) ? { dynamic_tools: dynamicTools } : {}),
  };
  const log = Rollout.create(
    isEphemeral ? join(deps.ephemeralDir, `${id}.jsonl`) : rolloutPath(sessionsDir, id, now),
    deps.clock,
  );
  const lines: LinePayload[] = [{ type: 'session_meta', payload: meta }];
  log.append(lines);
  const record = emptyRecord();
  for (const line of lines) replayLine(record, { ...line, timestamp: meta.timestamp });
  return { id, log, record, name: null, setup, overrides };
}

const isKept = (tools: readonly DynamicToolSpec[]): boolean =>
  tools.length > 0 && JSON.stringify(tools).length <= MAX_KEPT_TOOLS;
