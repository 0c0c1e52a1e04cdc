import type { InspectionEvent } from 'xstate';
import type { Clock } from '../deps.ts';
import { cachedProbe } from '../sandbox/cached-probe.ts';
import type { SandboxProbe } from '../sandbox/probe.ts';
import { ProcessLedger } from './process-ledger.ts';
import { ProcessTable } from './process-table.ts';
import { createSpawnCommand, type SpawnCommand } from './spawn-command.ts';
import { loadNodePty } from './terminal.ts';

export interface ExecutionDeps {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly ledgerPath: string;
  readonly inspect: (event: InspectionEvent) => void;
}

/** How a daemon's commands are started, and those of its threads that run. */
export interface Execution {
  readonly probe: () => Promise<SandboxProbe>;
  /** Waits until `sweep` is done. */
  readonly spawnCommand: SpawnCommand;
  readonly processes: ProcessTable;
  /**
   * Ends what the last daemon left. Only one that owns the socket may do that; until then nothing new is written to the
   * ledger, so no command starts.
   */
  readonly sweep: () => Promise<void>;
}

export function createExecution({ clock, randomBytes, ledgerPath, inspect }: ExecutionDeps): Execution {
  const probe = cachedProbe();
  const ledger = new ProcessLedger(ledgerPath);
  const spawn = createSpawnCommand({ clock, ledger, probe, loadPty: loadNodePty });
  let tellSwept = () => {};
  const swept = new Promise<void>((resolve) => {
    tellSwept = resolve;
  });
  const spawnCommand: SpawnCommand = async (request) => {
    await swept;
    return spawn(request);
  };
  return {
    probe,
    spawnCommand,
    processes: new ProcessTable({ clock, randomBytes, spawnCommand, inspect }),
    sweep: async () => {
      await ledger.sweep();
      tellSwept();
    },
  };
}
