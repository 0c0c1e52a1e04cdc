import type { ReviewTarget } from '../../machines/protocol/methods/review.ts';
import { toMode } from '../../machines/protocol/types/thread.ts';
import { goalText } from './goal-text.ts';
import { type Effect, type GoalWish, type Model, runningTurn, type Step } from './model.ts';
import { addNote } from './notes.ts';
import { overlays } from './overlays/index.ts';
import type { Overlay } from './overlays/overlay.ts';
import { askLogout, openLogin } from './update-account.ts';

export interface SlashCommand {
  readonly name: string;
  /** What follows it, in brackets when it may be left out, or null. */
  readonly argument: string | null;
  readonly help: string;
  readonly run: (model: Model, argument: string) => Step;
}

const ask =
  (effect: Effect) =>
  (model: Model): Step => [model, [effect]];
const open = (model: Model, overlay: Overlay): Step => [{ ...model, overlays: [...model.overlays, overlay] }, []];
const quit = ask({ type: 'quit' });

/** One line for each command; help and completion read it too. */
export const slashCommands: readonly SlashCommand[] = [
  {
    name: 'help',
    argument: null,
    help: 'keys and commands',
    run: (model) => open(model, overlays.help(slashCommands)),
  },
  { name: 'model', argument: null, help: 'choose the model and its effort', run: ask({ type: 'loadModels' }) },
  { name: 'new', argument: null, help: 'start another thread', run: ask({ type: 'startThread' }) },
  { name: 'resume', argument: null, help: 'go to another thread', run: ask({ type: 'loadThreads' }) },
  { name: 'rename', argument: 'NAME', help: 'name this thread', run: rename },
  {
    name: 'queue',
    argument: null,
    help: 'order, take back or drop the prompts in line',
    run: (model) => open(model, overlays.queue()),
  },
  {
    name: 'review',
    argument: '[WHAT]',
    help: 'review uncommitted changes; or: base BRANCH, commit SHA, your words',
    run: (model, argument) => [model, [{ type: 'review', target: reviewTargetOf(argument) }]],
  },
  {
    name: 'compact',
    argument: null,
    help: 'put a summary in the place of a long history',
    run: ask({ type: 'compact' }),
  },
  {
    name: 'goal',
    argument: '[WHAT]',
    help: 'work on a goal until it is reached; or: pause, resume, clear; alone: how it stands',
    run: goal,
  },
  { name: 'plan', argument: '[WHAT]', help: 'plan before anything is done; alone: in and out of Plan mode', run: plan },
  { name: 'status', argument: null, help: 'thread, clients and daemon', run: ask({ type: 'loadStatus' }) },
  { name: 'mcp', argument: null, help: 'MCP servers and their tools', run: ask({ type: 'loadMcpServers' }) },
  {
    name: 'who',
    argument: null,
    help: 'who is attached, since when, idle for how long',
    run: ask({ type: 'loadPresence' }),
  },
  { name: 'login', argument: null, help: 'sign in', run: (model) => [openLogin(model), []] },
  { name: 'logout', argument: null, help: 'sign out, here and for all; then leave', run: askLogout },
  { name: 'quit', argument: null, help: 'leave; the thread goes on', run: quit },
  { name: 'exit', argument: null, help: 'the same', run: quit },
];

/** A prompt that begins a turn takes its mode along; beside a running turn the mode is for the next one. */
function plan(model: Model, text: string): Step {
  const { settings } = model.snapshot;
  const next = text === '' && settings.mode === 'plan' ? 'default' : 'plan';
  const mode = toMode(settings, next);
  const turn = runningTurn(model);
  const change: Effect = { type: 'changeMode', mode };
  if (text === '') return [model, [change]];
  const prompt = { type: 'sendPrompt', text, promptId: null } as const;
  if (turn === null) return [model, [{ ...prompt, mode: 'start', turnId: null, inMode: mode }]];
  return [model, [change, { ...prompt, mode: 'steer', turnId: turn.id }]];
}

function rename(model: Model, argument: string): Step {
  if (argument !== '') return [model, [{ type: 'rename', name: argument }]];
  return [addNote(model, { text: 'say the name too: /rename NAME', style: 'warning' }), []];
}

function goal(model: Model, argument: string): Step {
  const ask = (change: GoalWish | null): Step => [model, [{ type: 'changeGoal', change }]];
  if (argument === 'clear') return ask(null);
  if (argument === 'pause' || argument === 'resume') return ask({ status: argument === 'pause' ? 'paused' : 'active' });
  if (argument !== '') return ask({ objective: argument });
  const { goal: current } = model.snapshot;
  return [
    addNote(model, { text: current ? goalText(current) : 'there is no goal: /goal WHAT sets one', style: 'dim' }),
    [],
  ];
}

/** What a review looks at: nothing said means what is not committed yet. */
function reviewTargetOf(argument: string): ReviewTarget {
  const [, kind, name] = /^(base|commit)\s+(\S+)$/.exec(argument) ?? [];
  if (name !== undefined) return kind === 'base' ? { type: 'baseBranch', branch: name } : { type: 'commit', sha: name };
  return argument === '' ? { type: 'uncommittedChanges' } : { type: 'custom', instructions: argument };
}

/** A prompt that is a command: one slash, a word, perhaps an argument. A path such as `/etc/hosts` is none. */
const COMMAND = /^\/([a-z][a-z-]*)(?:\s+(.*))?$/s;

/** The name and argument when a text is a command (known or not), else null. */
export function parseCommand(text: string): { readonly name: string; readonly argument: string } | null {
  const match = COMMAND.exec(text.trim());
  return match?.[1] === undefined ? null : { name: match[1], argument: (match[2] ?? '').trim() };
}

/** Runs a command; an unknown one is answered with one line. */
export function runCommand(model: Model, name: string, argument: string): Step {
  const command = slashCommands.find((known) => known.name === name);
  if (command) return command.run(model, argument);
  return [addNote(model, { text: `unknown command /${name}: /help lists them all`, style: 'warning' }), []];
}
