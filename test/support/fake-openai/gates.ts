/** A place where the server waits for the test. */
export interface Gate {
  /** Lets `count` arrivals pass, past or future ones. */
  release(count?: number): void;
  /** Lets everything pass from now on. */
  open(): void;
  /** Resolves when the server has arrived `count` times. */
  reached(count?: number): Promise<void>;
}

export interface Gates {
  readonly get: (name: string) => Gate;
  /** Server side: resolves when the arrival may pass; rejects when the gates are closed. */
  readonly arrive: (name: string) => Promise<void>;
  /** Rejects everyone who waits, with the reason. */
  readonly close: (reason: string) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface GateState {
  permits: number;
  arrivals: number;
  passing: Waiter[];
  watching: (Waiter & { count: number })[];
}

export function createGates(): Gates {
  const gates = new Map<string, GateState>();
  const stateOf = (name: string): GateState => {
    const state = gates.get(name) ?? { permits: 0, arrivals: 0, passing: [], watching: [] };
    gates.set(name, state);
    return state;
  };
  return {
    get: (name) => gateOf(stateOf(name)),
    arrive: (name) => arriveAt(stateOf(name)),
    close(reason) {
      for (const state of gates.values()) {
        for (const waiter of [...state.passing, ...state.watching]) waiter.reject(new Error(reason));
      }
      gates.clear();
    },
  };
}

function gateOf(state: GateState): Gate {
  return {
    release(count = 1) {
      state.permits += count;
      letPass(state);
    },
    open() {
      state.permits = Number.POSITIVE_INFINITY;
      letPass(state);
    },
    reached: (count = 1) =>
      new Promise((resolve, reject) => {
        if (state.arrivals >= count) resolve();
        else state.watching.push({ count, resolve, reject });
      }),
  };
}

async function arriveAt(state: GateState): Promise<void> {
  state.arrivals += 1;
  const seen = state.watching.filter((watcher) => watcher.count <= state.arrivals);
  state.watching = state.watching.filter((watcher) => !seen.includes(watcher));
  for (const watcher of seen) watcher.resolve();
  await new Promise<void>((resolve, reject) => {
    state.passing.push({ resolve, reject });
    letPass(state);
  });
}

function letPass(state: GateState): void {
  while (state.permits > 0 && state.passing.length > 0) {
    state.permits -= 1;
    state.passing.shift()?.resolve();
  }
}
