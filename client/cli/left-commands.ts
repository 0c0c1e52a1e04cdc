import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { threadBackgroundTerminalsList } from '../../machines/protocol/methods/thread-history.ts';
import { threadBackgroundTerminalsTerminate } from '../../machines/protocol/methods/thread-work.ts';
import { withLimit } from '../connection/limits.ts';
import type { DaemonLink } from '../connection/link.ts';
import { errorLine } from './cli-error.ts';
import { type CliContext, say } from './context.ts';

/** A daemon that hangs must not hold a client that is done. */
const END_LIMIT_MS = 3_000;

/**
 * The commands that a turn has started and that still run when it is over, such as a server. They belong to the program
 * that asked for them and end with it, as in the reference (agent.md §20); those of other turns are let be.
 */
export class LeftCommands {
  /** Item id -> as it was shown. */
  private readonly running = new Map<string, string>();

  constructor(
    private readonly link: DaemonLink,
    private readonly threadId: string,
  ) {}

  /** Takes an event of the turn. */
  note({ method, params }: ThreadNotification): void {
    if (method !== 'item/started' && method !== 'item/completed') return;
    const { item } = params;
    if (item.type !== 'commandExecution') return;
    if (method === 'item/completed') this.running.delete(item.id);
    else this.running.set(item.id, item.command);
  }

  /** Answers what was ended, as it was shown. What could not be is said at once. */
  async end(context: CliContext): Promise<readonly string[]> {
    if (this.running.size === 0) return [];
    const what = 'the daemon did not end the commands that are left';
    return withLimit(this.endAll(), END_LIMIT_MS, what).catch((error: unknown) => {
      say(context, `commands of this turn may still run: ${errorLine(error)}`);
      return [];
    });
  }

  private async endAll(): Promise<readonly string[]> {
    const { link, threadId } = this;
    const { data } = await link.request(threadBackgroundTerminalsList, { threadId });
    const ended: string[] = [];
    for (const { itemId, processId } of data) {
      const command = this.running.get(itemId);
      if (command === undefined) continue;
      const { terminated } = await link.request(threadBackgroundTerminalsTerminate, { threadId, processId });
      if (terminated) ended.push(command);
    }
    return ended;
  }
}
