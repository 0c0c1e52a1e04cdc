import { type CollaborationMode, toMode } from '../../machines/protocol/types/thread.ts';
import { cleared, withText } from './composer/composer.ts';
import { remember } from './composer/history.ts';
import { type Echo, type Message, type Model, runningTurn, type Step } from './model.ts';
import { addNote } from './notes.ts';
import { parseCommand, runCommand } from './slash-commands.ts';

/** Sends a text: a slash command or a command of one's own is run, a prompt starts a turn, steers the running one, or waits for its end. */
export function submit(model: Model, typed: string, how: 'send' | 'queue'): Step {
  const text = typed.trimEnd();
  if (text === '') return [model, []];
  const command = parseCommand(text);
  if (command) return runCommand(sentFrom(model, text), command.name, command.argument);
  if (model.role === 'observer') {
    return [
      { ...model, hint: { text: 'watching only: this client may not send prompts', untilMs: model.nowMs + 4000 } },
      [],
    ];
  }
  const [, shell] = /^!(.*)$/s.exec(text.trim()) ?? [];
  if (shell !== undefined) return runShell(model, text, shell.trim());
  const turn = runningTurn(model);
  const mode = turn === null ? 'start' : how === 'queue' ? 'queue' : 'steer';
  const promptId = model.failedPrompt?.text === text ? model.failedPrompt.promptId : null;
  const effect = { type: 'sendPrompt', text, mode, turnId: turn?.id ?? null, promptId, ...modeAgain(model) } as const;
  return [{ ...sentFrom(model, text), scroll: null, failedPrompt: null }, [effect]];
}

/** The mode that was meant with a prompt that could not be sent. */
function modeAgain({ failedPrompt, snapshot }: Model): { readonly inMode?: CollaborationMode } {
  if (!failedPrompt?.isTyped || failedPrompt.inMode === null) return {};
  return { inMode: toMode(snapshot.settings, failedPrompt.inMode) };
}

/** `!ls`: a command of the person's own, not a prompt. */
function runShell(model: Model, text: string, command: string): Step {
  if (command === '')
    return [addNote(model, { text: 'say the command too: !COMMAND runs it without the model', style: 'warning' }), []];
  return [{ ...sentFrom(model, text), scroll: null }, [{ type: 'shellCommand', command }]];
}

const sentFrom = (model: Model, text: string): Model => ({
  ...model,
  composer: remember(cleared(model.composer), text.trim()),
  completion: { chosen: 0, isClosed: false },
});

/** Shows a prompt before the daemon has it. */
export function keepEcho(model: Model, { promptId, text, inMode }: Echo): Model {
  return { ...model, echoes: [...model.echoes, { promptId, text, inMode }] };
}

/** Puts a text into the composer, before what is typed already. */
export function putBack(model: Model, text: string): Model {
  const typed = model.composer.text;
  return { ...model, composer: withText(model.composer, typed === '' ? text : `${text}\n${typed}`) };
}

/** What a terminal that is gone was typing here, before what is typed already. */
export function findDraft(model: Model, text: string): Model {
  const hint = { text: 'what was typed here before is back; ctrl+c clears it', untilMs: model.nowMs + 6000 };
  return { ...putBack(model, text), hint };
}

/**
 * Never lose typing: the text goes back into the composer, before what was typed meanwhile. Not when the prompt did
 * arrive and only the answer to it got lost.
 */
export function failPrompt(model: Model, { promptId, text, why }: Extract<Message, { type: 'promptFailed' }>): Model {
  if (arrivedPrompts(model).has(promptId)) return model;
  const { composer } = putBack(model, text);
  const echoes = model.echoes.filter((echo) => echo.promptId !== promptId);
  // Without an echo it was for another thread: its mode means nothing here.
  const inMode = model.echoes.find((echo) => echo.promptId === promptId)?.inMode ?? null;
  return addNote(
    { ...model, echoes, composer, failedPrompt: { promptId, text, inMode, isTyped: true } },
    { text: `not sent: ${why}`, style: 'bad' },
  );
}

/** Once all of it was erased, what is typed next is another prompt. */
export function noteErased(model: Model): Model {
  const { failedPrompt, composer } = model;
  if (!failedPrompt?.isTyped || composer.text !== '') return model;
  return { ...model, failedPrompt: { ...failedPrompt, isTyped: false } };
}

/** An echo goes when its prompt is an item or waits in the queue; a prompt thought lost leaves the composer then. */
export function settleEchoes(model: Model): Model {
  const { echoes, failedPrompt } = model;
  if (echoes.length === 0 && failedPrompt === null) return model;
  const arrived = arrivedPrompts(model);
  const left = echoes.filter(({ promptId }) => !arrived.has(promptId));
  const settled = left.length === echoes.length ? model : { ...model, echoes: left };
  if (failedPrompt === null || !arrived.has(failedPrompt.promptId)) return settled;
  const isUnchanged = model.composer.text === failedPrompt.text;
  return { ...settled, failedPrompt: null, composer: isUnchanged ? cleared(model.composer) : model.composer };
}

/** Ids of the prompts of the latest turns and of the queue. */
function arrivedPrompts({ snapshot }: Model): ReadonlySet<string> {
  const items = snapshot.thread.turns.slice(-3).flatMap((turn) => turn.items);
  const sent = items.flatMap((item) => (item.type === 'userMessage' && item.clientId ? [item.clientId] : []));
  return new Set([...sent, ...snapshot.queue.map(({ promptId }) => promptId)]);
}
