import { chosenAt, chosenOffer, offersOf, openMention, takeOffer } from './completion.ts';
import { type Composer, cleared } from './composer/composer.ts';
import { edit, insert } from './composer/edit.ts';
import { browse } from './composer/history.ts';
import { moveByRow } from './composer/layout.ts';
import { expand, paste } from './composer/paste.ts';
import type { InputEvent } from './input/events.ts';
import { type Action, actionOf } from './keymap.ts';
import { type Model, runningTurn, type Step } from './model.ts';
import { overlays } from './overlays/index.ts';
import type { SlashCommand } from './slash-commands.ts';
import { submit } from './update-prompt.ts';
import { takeBack } from './update-queue.ts';
import { composerColumns } from './view/composer-view.ts';
import { transcriptSize } from './view/frame.ts';
import { scrolled } from './view/transcript.ts';

const QUIT_ARMED_MS = 2000;
const QUIT_HINT = 'press ctrl+c again to quit';

/** A key or a character while the composer has the keys. */
export function updateComposer(model: Model, event: Extract<InputEvent, { type: 'key' | 'text' }>): Step {
  if (event.type === 'text') return changed(model, insert(model.composer, event.text));
  const action = actionOf(event.name);
  return action === null ? [model, []] : act(model, action);
}

/** A paste goes in whole; it never sends anything. */
export function updatePaste(model: Model, text: string): Step {
  return changed(model, paste(model.composer, text));
}

/** After an edit the popup looks again at what is typed. */
function changed(model: Model, composer: Composer): Step {
  if (composer === model.composer) return [model, []];
  const completion = composer.text === model.composer.text ? model.completion : { chosen: 0, isClosed: false };
  const next = { ...model, composer, completion, hint: null, quitArmedUntilMs: 0 };
  // What was found for one mention is nothing to offer for the next.
  const goesOn = openMention(model) !== null && openMention(next) !== null;
  return [goesOn ? next : { ...next, files: null }, []];
}

function act(model: Model, action: Action): Step {
  switch (action) {
    case 'send':
      return send(model);
    case 'sendQueued':
      return completeOrQueue(model);
    case 'takeBack':
      return takeBack(model);
    case 'up':
      return moveUpOrDown(model, -1);
    case 'down':
      return moveUpOrDown(model, 1);
    case 'pageUp':
      return scroll(model, Math.max(1, transcriptSize(model).rows - 1));
    case 'pageDown':
      return scroll(model, -Math.max(1, transcriptSize(model).rows - 1));
    case 'scrollToTop':
      return scroll(model, Number.POSITIVE_INFINITY);
    case 'scrollToEnd':
      return [{ ...model, scroll: null }, []];
    case 'lineStart':
    case 'lineEnd':
      // With nothing typed the line has no ends: the transcript has.
      if (model.composer.text !== '') return changed(model, edit(model.composer, action));
      return act(model, action === 'lineStart' ? 'scrollToTop' : 'scrollToEnd');
    case 'escape':
      return closeOrInterrupt(model);
    case 'leave':
      return leave(model);
    case 'leaveIfEmpty':
      return model.composer.text === '' ? quit(model) : changed(model, edit(model.composer, 'deleteForward'));
    case 'redraw':
      return [model, [{ type: 'redraw' }]];
    case 'toggleDetail':
      return [{ ...model, detail: model.detail === 'short' ? 'full' : 'short' }, []];
    case 'openPager':
      return [{ ...model, overlays: [...model.overlays, overlays.pager(model.scroll)] }, []];
    default:
      return changed(model, edit(model.composer, action));
  }
}

/** Enter takes what the popup offers; a command that takes no argument, or whose name is whole, is run at once. */
function send(model: Model): Step {
  const offer = chosenOffer(model);
  if (offer === null) return submit(model, expand(model.composer), 'send');
  const isWhole = offer.kind === 'command' && mayRun(offer.command, model.composer.text);
  return isWhole ? submit(model, `/${offer.command.name}`, 'send') : changed(model, takeOffer(model, offer));
}

const mayRun = ({ name, argument }: SlashCommand, typed: string): boolean =>
  argument === null || (argument.startsWith('[') && typed === `/${name}`);

function completeOrQueue(model: Model): Step {
  const offer = chosenOffer(model);
  if (offer) return changed(model, takeOffer(model, offer));
  return runningTurn(model) === null ? [model, []] : submit(model, expand(model.composer), 'queue');
}

/** Through the popup, else a row of the text, else an earlier or later prompt. */
function moveUpOrDown(model: Model, step: -1 | 1): Step {
  const offers = offersOf(model);
  if (offers.length > 0) {
    const chosen = (chosenAt(model, offers) + step + offers.length) % offers.length;
    return [{ ...model, completion: { ...model.completion, chosen } }, []];
  }
  const columns = composerColumns(model.size.columns);
  return changed(model, moveByRow(model.composer, step, columns) ?? browse(model.composer, step) ?? model.composer);
}

function scroll(model: Model, step: number): Step {
  return [{ ...model, scroll: scrolled(model, model, transcriptSize(model), step) }, []];
}

/** Esc closes the popup, else interrupts the turn. An observer only looks. */
function closeOrInterrupt(model: Model): Step {
  if (offersOf(model).length > 0 || openMention(model) !== null)
    return [{ ...model, completion: { ...model.completion, isClosed: true } }, []];
  const turn = runningTurn(model);
  if (turn === null || model.role === 'observer') return [model, []];
  return [model, [{ type: 'interrupt', turnId: turn.id }]];
}

/** ctrl+c clears what is typed; with nothing typed, twice in a row quits. It never stops the turn. */
function leave(model: Model): Step {
  if (model.composer.text !== '')
    return [{ ...model, composer: cleared(model.composer), completion: { chosen: 0, isClosed: false } }, []];
  if (model.nowMs < model.quitArmedUntilMs) return quit(model);
  const untilMs = model.nowMs + QUIT_ARMED_MS;
  return [{ ...model, quitArmedUntilMs: untilMs, hint: { text: `${QUIT_HINT}${goesOn(model)}`, untilMs } }, []];
}

const quit = (model: Model): Step => [model, [{ type: 'quit' }]];

const goesOn = (model: Model): string => (runningTurn(model) === null ? '' : ' (the turn goes on)');
