import {
  type ActorLogic,
  type ActorRefFrom,
  type AnyActor,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  getNextSnapshot,
  SimulatedClock,
  type Snapshot,
  type SnapshotFrom,
} from 'xstate';
import { getShortestPaths } from 'xstate/graph';

/**
 * Walks a machine over every state and every transition: the ways are found on the chart alone, then gone by a real
 * actor with scripted effects on a simulated clock, and both must end alike after every step.
 */

/** What an effect did, in order: `started` with its input, then events sent to it, then `stopped` by the machine. */
export interface EffectRecord {
  readonly effect: string;
  readonly id: string;
  readonly did: string;
  readonly input?: unknown;
}

type ScriptedSnapshot = Snapshot<unknown> & { readonly input?: unknown };

const END = 'scripted.end';
const FAIL = 'scripted.fail';

/** Effects whose ends are told by the test; every one is recorded. */
export class ScriptedEffects {
  readonly records: EffectRecord[] = [];

  /** The logic of one effect. The cast: it stands in for any kind of actor of the same name. */
  logic<Logic extends AnyActorLogic>(effect: string): Logic {
    const note = (id: string, did: string, input?: unknown) =>
      this.records.push({ effect, id, did, ...(input === undefined ? {} : { input }) });
    const scripted: ActorLogic<ScriptedSnapshot, AnyEventObject, unknown> = {
      getInitialSnapshot: (_, input) => ({ status: 'active', output: undefined, error: undefined, input }),
      getPersistedSnapshot: (snapshot) => snapshot,
      start: (snapshot, { self }) => note(self.id, 'started', snapshot.input),
      transition: (snapshot, event, { self }) => {
        if (event.type === END) return { ...snapshot, status: 'done', output: event.output, error: undefined };
        if (event.type === FAIL) return { ...snapshot, status: 'error', output: undefined, error: event.error };
        note(self.id, event.type === 'xstate.stop' ? 'stopped' : event.type);
        return snapshot;
      },
    };
    return scripted as unknown as Logic;
  }

  /** Records an action; the cast of the arguments is the caller's. */
  action(effect: string): (_: unknown, params?: unknown) => void {
    return (_, params) => {
      this.records.push({ effect, id: '', did: 'done', ...(params === undefined ? {} : { input: params }) });
    };
  }

  /** What was started and done, by name, in order. */
  get names(): string[] {
    return this.records.filter(({ did }) => did === 'started' || did === 'done').map(({ effect }) => effect);
  }
}

/** One thing that can happen: the event that the chart sees, and how a running actor is made to see it. */
export interface Step {
  readonly name: string;
  readonly event: AnyEventObject;
  readonly perform: (actor: AnyActorRef, clock: SimulatedClock) => void;
}

/** An event of the machine's own. */
export function sent(event: AnyEventObject, name: string = event.type): Step {
  return { name, event, perform: (actor) => actor.send(event) };
}

const childOf = (actor: AnyActorRef, id: string): AnyActorRef => {
  const child = (actor.getSnapshot() as AnyMachineSnapshot).children[id];
  if (!child) throw new Error(`no effect ${id} runs`);
  return child;
};

/** The effect with this actor id ends well. */
export function ended(id: string, output?: unknown, name = `${id} ended`): Step {
  return {
    name,
    event: { type: `xstate.done.actor.${id}`, output, actorId: id },
    perform: (actor) => childOf(actor, id).send({ type: END, output }),
  };
}

/** The effect with this actor id fails. */
export function failed(id: string, error: unknown, name = `${id} failed`): Step {
  return {
    name,
    event: { type: `xstate.error.actor.${id}`, error, actorId: id },
    perform: (actor) => childOf(actor, id).send({ type: FAIL, error }),
  };
}

/** A time limit of a state runs out. */
export function passed(delay: string, stateId: string, ms: number): Step {
  return {
    name: `${delay} passed`,
    event: { type: `xstate.after.${delay}.${stateId}` },
    perform: (_, clock) => clock.increment(ms),
  };
}

export interface MachineModel<M extends AnyStateMachine> {
  /** The machine with its effects scripted. */
  readonly provide: (effects: ScriptedEffects) => M;
  readonly input?: unknown;
  /** What may happen in a state. The same objects each time: they are told apart by identity. */
  readonly steps: (snapshot: SnapshotFrom<M>) => readonly Step[];
  /** What of the context decides the future; everything, unless said otherwise. */
  readonly facts?: (snapshot: SnapshotFrom<M>) => unknown;
  /** Promises that hold after every walk. */
  readonly check?: (walk: { steps: readonly string[]; snapshot: SnapshotFrom<M>; effects: ScriptedEffects }) => void;
}

export interface Walked {
  /** States that no walk entered, transient ones included. */
  readonly unreached: readonly string[];
  /** Transitions of the chart that no walk took. */
  readonly untaken: readonly string[];
  /** Walks after which chart and actor differed. */
  readonly mismatches: readonly unknown[];
  readonly walks: number;
}

/** Starts a real actor of a machine with scripted effects. */
export function startScripted<M extends AnyStateMachine>(
  model: Pick<MachineModel<M>, 'provide' | 'input'>,
  inspect: (transitions: readonly AnyTransitionDefinition[], snapshot: Snapshot<unknown>) => void = () => {},
) {
  const effects = new ScriptedEffects();
  const clock = new SimulatedClock();
  const machine = model.provide(effects);
  const actor = createActor(machine as AnyStateMachine, {
    clock,
    input: model.input,
    inspect: (seen) => {
      // The first steps are taken while the actor is being made, so it is known by its id alone.
      if (seen.type === '@xstate.microstep' && seen.actorRef.sessionId === seen.rootId)
        inspect(seen._transitions, seen.snapshot);
    },
  });
  inspect([], actor.getSnapshot());
  actor.start();
  // The cast: the actor was made of exactly this machine.
  return { actor: actor as AnyActor as ActorRefFrom<M>, clock, effects };
}

/** Goes every shortest way to every state, and from there every step that is possible. */
export function walkMachine<M extends AnyStateMachine>(model: MachineModel<M>): Walked {
  const chart: AnyStateMachine = model.provide(new ScriptedEffects());
  const print = (snapshot: AnyMachineSnapshot) =>
    JSON.stringify([snapshot.value, snapshot.status, model.facts?.(snapshot as SnapshotFrom<M>) ?? snapshot.context]);
  const stepsIn = (snapshot: AnyMachineSnapshot) =>
    snapshot.status === 'active' ? model.steps(snapshot as SnapshotFrom<M>) : [];
  const known = new Map<AnyEventObject, Step>();
  const eventsIn = (snapshot: AnyMachineSnapshot) => {
    for (const step of stepsIn(snapshot)) known.set(step.event, step);
    return stepsIn(snapshot).map((step) => step.event);
  };

  const entered = new Set<string>();
  const taken = new Set<string>();
  const mismatches: unknown[] = [];
  let walks = 0;
  for (const path of getShortestPaths(chart, { input: model.input, serializeState: print, events: eventsIn })) {
    const way = path.steps.flatMap(({ event }) => known.get(event) ?? []);
    for (const step of stepsIn(path.state)) {
      walks += 1;
      const steps = [...way, step];
      const names = steps.map(({ name }) => name);
      const { actor, clock, effects } = startScripted<AnyStateMachine>(model, (transitions, snapshot) => {
        for (const transition of transitions) {
          taken.add(idOf(transition));
          // A state that is left at once, before anything else can be seen.
          entered.add(transition.source.id);
        }
        for (const node of (snapshot as AnyMachineSnapshot)._nodes) entered.add(node.id);
      });
      for (const { perform } of steps) perform(actor, clock);
      const snapshot: AnyMachineSnapshot = actor.getSnapshot();
      model.check?.({ steps: names, snapshot: snapshot as SnapshotFrom<M>, effects });
      actor.stop();
      const expected = print(getNextSnapshot(chart, path.state, step.event));
      if (print(snapshot) !== expected) mismatches.push({ steps: names, expected, actual: print(snapshot) });
    }
  }
  const nodes = nodesOf(chart.root);
  const isMissing = (seen: ReadonlySet<string>) => (id: string) => !seen.has(id);
  return {
    unreached: nodes.map((node) => node.id).filter(isMissing(entered)),
    untaken: nodes.flatMap(transitionsOf).map(idOf).filter(isMissing(taken)),
    mismatches,
    walks,
  };
}

const nodesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)];

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

/** `daemon.starting on listening [0]`: a transition and its place among those of the same event. */
function idOf(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  const among = (eventType === '' ? source.always : source.transitions.get(eventType)) ?? [];
  return `${source.id} on ${eventType || 'always'} [${among.indexOf(transition)}]`;
}

/** For each state in which something is waited for: the declared events that nothing handles there. */
export function unhandledEvents(machine: AnyStateMachine, declared: readonly string[]): Record<string, string[]> {
  const waiting = nodesOf(machine.root).filter((node) => node.type === 'atomic' && !(node.always ?? []).some(isSure));
  return Object.fromEntries(
    waiting.map((node) => [
      node.id.slice(machine.id.length + 1),
      declared.filter((type) => !lineage(node).some((above) => above.transitions.has(type))),
    ]),
  );
}

/** A state that is always left at once handles nothing. */
const isSure = (transition: AnyTransitionDefinition): boolean => transition.guard === undefined;

function lineage(node: AnyStateNode): AnyStateNode[] {
  return node.parent ? [node, ...lineage(node.parent)] : [node];
}
