import type { Clock } from '../deps.ts';
import { ClientProcesses } from '../exec/client-processes.ts';
import type { SpawnCommand } from '../exec/spawn-command.ts';
import { Watches } from '../files/watches.ts';
import { FileSearches } from '../search/file-searches.ts';
import { Matcher } from '../search/matcher.ts';
import { findRipgrep } from '../search/ripgrep.ts';
import { DynamicTools } from '../threads/dynamic-tools.ts';
import type { Connection } from './connection.ts';

/** What clients started for themselves: it lives as long as their connection. */
export interface Belongings {
  /** Of `command/exec`. */
  readonly commands: ClientProcesses;
  /** Of `process/spawn`. */
  readonly processes: ClientProcesses;
  /** Of `fs/watch`. */
  readonly watches: Watches<Connection>;
  /** Of `fuzzyFileSearch`. */
  readonly searches: FileSearches<Connection>;
  /** Of `thread/start`: calls are answered by the client. */
  readonly dynamicTools: DynamicTools;
  endFor(owner: Connection): void;
  /** Settles when all of it is gone. */
  endAll(): Promise<void>;
}

export interface BelongingsDeps {
  readonly spawnCommand: SpawnCommand;
  readonly clock: Clock;
  /** The built program that finds files by their letters. */
  readonly matcherEntry: string;
  /** The daemon's own PATH. */
  readonly searchPath: string;
}

export function createBelongings({ spawnCommand, clock, matcherEntry, searchPath }: BelongingsDeps): Belongings {
  const commands = new ClientProcesses(spawnCommand, clock, {
    duplicate: (id) => `duplicate active command/exec process id: "${id}"`,
    unknown: (id) => `no active command/exec for process id "${id}"`,
    noInput: 'stdin streaming is not enabled for this command/exec',
  });
  const processes = new ClientProcesses(spawnCommand, clock, {
    duplicate: (id) => `duplicate active process handle: "${id}"`,
    unknown: (id) => `no active process for process handle "${id}"`,
    noInput: 'stdin streaming is not enabled for this process',
  });
  const watches = new Watches<Connection>(clock, (owner, watchId, changedPaths) =>
    owner.tell({ method: 'fs/changed', params: { watchId, changedPaths } }),
  );
  let ripgrep: Promise<string | null> | null = null;
  const searches = new FileSearches<Connection>(
    new Matcher(matcherEntry, clock),
    {
      spawnCommand,
      clock,
      ripgrep: () => {
        ripgrep ??= findRipgrep(searchPath);
        return ripgrep;
      },
    },
    (owner, news) => owner.tell(news),
  );
  const dynamicTools = new DynamicTools(clock);
  return {
    dynamicTools,
    searches,
    commands,
    processes,
    watches,
    endFor: (owner) => {
      commands.endFor(owner);
      processes.endFor(owner);
      watches.endFor(owner);
      searches.endFor(owner);
      dynamicTools.endFor(owner);
    },
    endAll: async () => {
      watches.endAll();
      await Promise.all([searches.endAll(), commands.endAll(), processes.endAll()]);
    },
  };
}
