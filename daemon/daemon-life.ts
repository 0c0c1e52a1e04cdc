import { createActor, type InspectionEvent, waitFor } from 'xstate';
import { daemonMachine } from '../machines/daemon/daemon-machine.ts';
import { type DrainDeps, drain } from './drain.ts';
import { stateName } from './state-name.ts';

export interface LifeDeps extends DrainDeps {
  /** How long it stays without use; 0: for ever. */
  readonly idleExitMs: number;
  /** Whether there is a client, a turn, a command or a listener that stays. */
  readonly isUsed: () => boolean;
  readonly inspect: (event: InspectionEvent) => void;
}

/** The daemon's machine, and what moves it. */
export interface DaemonLife {
  /** Looks whether it is used, once the step that changes that is over. */
  readonly noteUse: () => void;
  readonly listening: () => void;
  readonly startFailed: (error: unknown) => void;
  /** @param drainMs how long turns may take to end by themselves */
  readonly stop: (reason: string, drainMs?: number) => void;
  readonly state: () => string;
  /** Settles when the daemon has stopped. */
  readonly stopped: () => Promise<void>;
}

export function startLife({ idleExitMs, isUsed, inspect, ...deps }: LifeDeps): DaemonLife {
  const { clock, logger } = deps;
  const machine = daemonMachine.provide({ actors: { drain: drain(deps) } });
  const actor = createActor(machine, { id: 'daemon', input: { idleExitMs }, clock, inspect });
  actor.subscribe({ error: (error) => logger.error('daemon machine', error) });
  actor.start();
  return {
    noteUse: () => queueMicrotask(() => actor.send({ type: isUsed() ? 'becameBusy' : 'becameIdle' })),
    listening: () => actor.send({ type: 'listening' }),
    startFailed: (error) => actor.send({ type: 'startFailed', error }),
    stop: (reason, drainMs = 0) => actor.send({ type: 'stop', reason, drainMs }),
    state: () => stateName(actor.getSnapshot().value),
    stopped: async () => {
      await waitFor(actor, (state) => state.status === 'done');
    },
  };
}
