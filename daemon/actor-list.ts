import { type AnyActorRef, type InspectionEvent, isMachineSnapshot } from 'xstate';
import type { ExecProcessContext } from '../machines/exec/exec-process-machine.ts';
import type { LiveActor } from '../machines/protocol/methods/daemon.ts';
import type { ToolCallContext } from '../machines/thread/tool-call-machine.ts';
import type { TurnContext } from '../machines/thread/turn-setup.ts';
import { stateName } from './state-name.ts';

/** Stands above all others: machines that are alone in the code belong to the daemon all the same. */
const TOP = 'daemon';

interface Identity {
  /** Left out: the name that it was made under. */
  readonly id?: string;
  readonly about: string | null;
}

/** What says of an actor which one it is, beside the name that it was made under. */
const identities: Readonly<Record<string, (context: never) => Identity>> = {
  turn: ({ turnId }: TurnContext) => ({ id: turnId, about: null }),
  execProcess: ({ command }: ExecProcessContext) => ({ about: command }),
  toolCall: ({ call }: ToolCallContext) => ({ id: call.callId, about: call.name }),
};

/**
 * The machines of this process that are at work, in which state, and since when (DESIGN §4). They keep no clock and no
 * list themselves: whoever makes one that stands alone hands `inspect` to `createActor`, which also tells of all below.
 */
export class ActorList {
  readonly #alone = new Set<AnyActorRef>();
  readonly #entered = new WeakMap<AnyActorRef, { readonly state: string; readonly sinceMs: number }>();

  constructor(private readonly now: () => number) {}

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.snapshot' || !isMachineSnapshot(event.snapshot)) return;
    const { rootId, snapshot } = event;
    // The cast: an inspector hears of whole actors, whose type is cut down for it.
    const actorRef = event.actorRef as AnyActorRef;
    if (actorRef.sessionId === rootId) {
      if (snapshot.status === 'active') this.#alone.add(actorRef);
      else this.#alone.delete(actorRef);
    }
    const state = stateName(snapshot.value);
    if (this.#entered.get(actorRef)?.state !== state) this.#entered.set(actorRef, { state, sinceMs: this.now() });
  };

  /** Every one before those below it; the daemon first, then by kind, then by age. */
  list(): LiveActor[] {
    const trees = [...this.#alone].map((ref) => this.#look(ref, TOP));
    return trees.sort((left, right) => placeOf(left).localeCompare(placeOf(right))).flat();
  }

  /** Of one and of all below it; nothing of an effect or of one that has ended. */
  #look(ref: AnyActorRef, above: string): LiveActor[] {
    const snapshot: unknown = ref.getSnapshot();
    if (!isMachineSnapshot(snapshot) || snapshot.status !== 'active') return [];
    const kind = snapshot.machine.id;
    const { id = ref.id, about } = identities[kind]?.(snapshot.context as never) ?? { about: null };
    const { state, sinceMs } = this.#entered.get(ref) ?? { state: stateName(snapshot.value), sinceMs: this.now() };
    const own = { kind, id, parentId: kind === TOP ? null : above, state, sinceMs, about };
    const below: readonly AnyActorRef[] = Object.values(snapshot.children);
    return [own, ...below.flatMap((child) => this.#look(child, id))];
  }
}

const placeOf = ([first]: readonly LiveActor[]): string => (first?.kind === TOP ? '' : (first?.kind ?? ''));
