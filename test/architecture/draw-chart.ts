/** A statechart as a Mermaid `stateDiagram-v2`: nested states, with events, guards, delays, effects and actions by name. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** Stands for the whole machine where every state reacts in the same way. */
const ANY = 'any';

/** Mermaid ends a label at these. */
const plain = (text: string): string => text.replaceAll(/[:;#{}]/g, ' ');

const idOf = (node: AnyStateNode): string => node.path.join('_').replaceAll('-', '_');

/** The name of a guard or an action; a function without one says nothing in a picture. */
function nameOf(part: unknown): string | null {
  if (typeof part === 'string') return part;
  if (typeof part === 'function' && 'guards' in part && Array.isArray(part.guards))
    return part.guards.map((guard: unknown) => nameOf(guard) ?? '?').join(' and ');
  if (typeof part === 'object' && part !== null && 'type' in part) return nameOf(part.type);
  return null;
}

const named = (parts: readonly unknown[]): readonly string[] =>
  parts.map(nameOf).filter((name): name is string => name !== null);

/** One way out of a state, or one thing it does where it is. */
type Transition = AnyStateNode['always'] extends readonly (infer T)[] | undefined ? T : never;

function eventName(node: AnyStateNode, eventType: string, machine: AnyStateMachine): string {
  if (eventType === '') return '';
  if (eventType.startsWith('xstate.done.state')) return 'all done';
  if (eventType.startsWith('xstate.done.')) return 'done';
  if (eventType.startsWith('xstate.error.')) return 'fails';
  const delay = node.after.find((after) => after.eventType === eventType)?.delay;
  if (delay === undefined) return eventType;
  const length = typeof delay === 'string' ? machine.implementations.delays[delay] : delay;
  const seconds = typeof length === 'number' ? ` (${length / 1000} s)` : '';
  return typeof delay === 'string' ? `after ${delay}${seconds}` : `after${seconds}`;
}

/** The last of several choices has no guard: it is taken when none of the others holds. */
const isElse = (node: AnyStateNode, transition: Transition): boolean =>
  transition.guard === undefined && (node.always ?? []).length > 1 && (node.always ?? []).includes(transition);

function labelOf(node: AnyStateNode, transition: Transition, machine: AnyStateMachine): string {
  const fallback = isElse(node, transition) ? 'otherwise' : null;
  const guard = transition.guard === undefined ? fallback : (nameOf(transition.guard) ?? 'when it holds');
  const actions = named(transition.actions);
  return plain(
    [
      eventName(node, transition.eventType, machine),
      guard === null ? '' : `[${guard}]`,
      actions.length === 0 ? '' : `/ ${actions.join(', ')}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  );
}

const transitionsOf = (node: AnyStateNode): readonly Transition[] => [
  ...(node.always ?? []),
  ...[...node.transitions.values()].flat(),
];

/** The chain of a node's ancestors below the machine, outermost first, itself last. */
function chainOf(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent === undefined ? [] : [...chainOf(node.parent), node];
}

/**
 * The edge of a transition and the path of the composite that it is drawn in. Mermaid cannot join the insides of two
 * composites: the edge runs between the nearest states that share a parent, and its label names the inner ones.
 */
function edgeOf(node: AnyStateNode, target: AnyStateNode, label: string): Edge & { readonly inside: string } {
  const [from, to] = [chainOf(node), chainOf(target)];
  let depth = 0;
  while (depth < from.length - 1 && depth < to.length - 1 && from[depth] === to[depth]) depth += 1;
  const [start, end] = [from[depth], to[depth] ?? target];
  const origin = start === undefined || start === node ? '' : `${node.path.slice(depth + 1).join('.')} · `;
  const isEntered = end === target || entryOf(end) === target;
  const goal = isEntered ? '' : ` → ${target.path.slice(depth + 1).join('.')}`;
  return {
    from: start === undefined ? ANY : idOf(start),
    to: idOf(end),
    label: `${origin}${label}${goal}`,
    inside: (end.parent === undefined ? [] : end.parent.path).join('_'),
  };
}

/** The state that a machine is in after entering a composite. */
function entryOf(node: AnyStateNode): AnyStateNode {
  const first = node.type === 'compound' ? node.initial.target[0] : undefined;
  return first === undefined ? node : entryOf(first);
}

function* nodesOf(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of Object.values<AnyStateNode>(node.states)) yield* nodesOf(child);
}

/** Two ways between the same states are one arrow with two lines. */
function joined(edges: readonly Edge[]): readonly string[] {
  const lines = new Map<string, string[]>();
  for (const { from, to, label } of edges) {
    const way = `${from} --> ${to}`;
    const labels = lines.get(way) ?? [];
    if (label !== '' && !labels.includes(label)) labels.push(label);
    lines.set(way, labels);
  }
  return [...lines].map(([way, labels]) => (labels.length === 0 ? way : `${way} : ${labels.join('<br/>')}`));
}

/** What a state does by itself: effects it runs, actions on the way in and out. */
const doings = (node: AnyStateNode, machine: AnyStateMachine): readonly string[] => [
  ...node.invoke.map(({ src }) => `runs ${nameOf(src) ?? 'an effect'}`),
  ...named(node.entry).map((name) => `entry / ${name}`),
  ...named(node.exit).map((name) => `exit / ${name}`),
  ...transitionsOf(node)
    .filter(({ target }) => target === undefined)
    .flatMap(({ eventType, actions }) =>
      actions.length === 0 ? [] : [`${eventName(node, eventType, machine)} / ${actionNames(actions)}`],
    ),
];

const isPassing = (action: unknown): boolean =>
  typeof action === 'function' && 'type' in action && action.type === 'xstate.sendTo';

/** Actions that stay in the state; those without a name only keep something, or hand the event on. */
const actionNames = (actions: readonly unknown[]): string =>
  named(actions).join(', ') || (actions.some(isPassing) ? 'passed on' : 'kept');

/** @param machine made by `setup(...).createMachine`, its parts named there */
export function drawChart(machine: AnyStateMachine): string {
  const root: AnyStateNode = machine.root;
  const edges = [...nodesOf(root)].flatMap((node) =>
    transitionsOf(node).flatMap((transition) =>
      (transition.target ?? []).map((target) => edgeOf(node, target, labelOf(node, transition, machine))),
    ),
  );
  const edgesInside = (node: AnyStateNode): readonly Edge[] => edges.filter(({ inside }) => inside === idOf(node));

  const body = (node: AnyStateNode): readonly string[] => [
    ...(node.type === 'compound' ? node.initial.target.map((first) => `[*] --> ${idOf(first)}`) : []),
    ...Object.values<AnyStateNode>(node.states).flatMap(state),
    ...joined(edgesInside(node)),
    ...Object.values<AnyStateNode>(node.states)
      .filter(({ type }) => type === 'final')
      .map((end) => `${idOf(end)} --> [*]`),
  ];
  const state = (node: AnyStateNode): readonly string[] => {
    const does = doings(node, machine).map(plain);
    if (Object.keys(node.states).length === 0)
      return [`state "${node.key}" as ${idOf(node)}`, ...does.map((line) => `${idOf(node)} : ${line}`)];
    const title = [node.key, ...does].join(' · ');
    return [`state "${title}" as ${idOf(node)} {`, ...body(node).map((line) => `  ${line}`), '}'];
  };

  const everywhere = doings(root, machine).map(plain);
  const isAnyDrawn = everywhere.length > 0 || edges.some(({ from }) => from === ANY);
  const any = isAnyDrawn ? [`state "any state" as ${ANY}`, ...everywhere.map((line) => `${ANY} : ${line}`)] : [];
  return ['stateDiagram-v2', ...[...any, ...body(root)].map((line) => `  ${line}`)].join('\n');
}
