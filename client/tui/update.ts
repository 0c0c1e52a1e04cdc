import type { Message, Model, Step } from './model.ts';
import { addNote } from './notes.ts';
import { overlays } from './overlays/index.ts';
import type { Overlay } from './overlays/overlay.ts';
import { isQuestion } from './overlays/questions.ts';
import { turnEffects, updateAccount } from './update-account.ts';
import { updateInput } from './update-input.ts';
import { changeLink, openThread, updateThread } from './update-link.ts';
import { failPrompt, findDraft, keepEcho, noteErased, putBack, submit } from './update-prompt.ts';

/** (model, what happened) -> (model then, what to do). Pure. */
export function update(model: Model, message: Message): Step {
  switch (message.type) {
    case 'input':
      return afterInput(updateInput(model, message.event, message.atMs));
    case 'resized':
      return [{ ...model, size: message.size }, []];
    case 'ticked':
      return [{ ...model, nowMs: message.nowMs }, []];
    case 'threadUpdated':
      return [updateThread(model, message), turnEffects(model, message)];
    case 'threadOpened':
      return [
        openThread(model, message.threadId, message.snapshot),
        model.role === 'operator' ? [{ type: 'takeDraft' }] : [],
      ];
    case 'linkChanged':
      return changeLink(model, message.state, message.clientId);
    case 'promptGiven':
      return submit(model, message.text, 'send');
    case 'promptSent':
      return [keepEcho(model, message), []];
    case 'promptFailed':
      return [failPrompt(model, message), []];
    case 'promptWithdrawn':
      return [putBack(model, message.text), []];
    case 'draftFound':
      return [findDraft(model, message.text), []];
    case 'approvalFailed':
      return [failApproval(model, message), []];
    case 'filesFound':
      return [
        { ...model, files: { query: message.query, found: message.files, isComplete: false, problem: null } },
        [],
      ];
    case 'filesComplete':
      return [{ ...model, files: model.files && { ...model.files, isComplete: true } }, []];
    case 'fileSearchFailed':
      return [{ ...model, files: { query: message.query, found: [], isComplete: true, problem: message.why } }, []];
    case 'modelsLoaded':
      return [open(model, overlays.modelPicker(message.models, model)), []];
    case 'threadsLoaded':
      return [open(model, overlays.threadPicker(message.threads, message.presence, model)), []];
    case 'presenceLoaded':
      return [open(model, overlays.who(message.presence, model)), []];
    case 'statusLoaded':
      return [open(model, overlays.status(message.status, message.environment, model)), []];
    case 'mcpServersLoaded':
      return [open(model, overlays.mcp(message.servers)), []];
    case 'noted':
      return [addNote(model, message), []];
    default:
      return updateAccount(model, message);
  }
}

const afterInput = ([model, effects]: Step): Step => [noteErased(model), effects];

/** A list that was asked for opens below a question that came meanwhile. */
function open(model: Model, overlay: Overlay): Model {
  const others = model.overlays.filter((other) => other.id !== overlay.id && !isQuestion(other));
  const questions = model.overlays.filter(isQuestion);
  return { ...model, overlays: [...others, overlay, ...questions] };
}

/** A settled question closes with a line saying so; any other failure leaves it open to be answered again. */
function failApproval(model: Model, failed: Extract<Message, { type: 'approvalFailed' }>): Model {
  if (failed.isSettled) {
    const left = model.overlays.filter(({ subject }) => subject !== failed.approvalId);
    return addNote({ ...model, overlays: left }, { text: failed.why, style: 'warning' });
  }
  const again = (overlay: Overlay) => overlay.failed?.(failed.why) ?? overlay;
  return {
    ...model,
    overlays: model.overlays.map((overlay) => (overlay.subject === failed.approvalId ? again(overlay) : overlay)),
  };
}
