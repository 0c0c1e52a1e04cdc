import type { InputEvent } from './input/events.ts';
import type { Model, Step } from './model.ts';
import type { Overlay, OverlayOutcome } from './overlays/overlay.ts';
import { isQuestion } from './overlays/questions.ts';
import { updateComposer, updatePaste } from './update-composer.ts';

/** While somebody types, a question that pops up gets no keys: a `y` meant for the prompt must not approve anything. */
export const TYPING_GUARD_MS = 700;

/** Gives what was typed to the top overlay, else to the composer. */
export function updateInput(model: Model, event: InputEvent, atMs: number): Step {
  const now = { ...model, nowMs: Math.max(model.nowMs, atMs) };
  if (event.type === 'focus') return [now, []];
  const overlay = overlayFor(now, event, atMs);
  if (event.type === 'paste') {
    if (overlay === null) return updatePaste(typedAt(now, atMs), event.text);
    const context = { model: now, size: now.size };
    return overlay.paste ? settled(now, overlay, overlay.paste(event.text, context), atMs) : [now, []];
  }
  const keyName = event.type === 'text' ? event.text : event.name;
  if (keyName === 'ctrl+l') return [now, [{ type: 'redraw' }]];
  if (overlay === null || overlay.passes?.includes(keyName)) return updateComposer(typedAt(now, atMs), event);
  if (keyName === 'ctrl+c' && isQuestion(overlay)) return updateComposer(now, event);
  return settled(now, overlay, overlay.press(keyName, { model: now, size: now.size }), atMs);
}

const typedAt = (model: Model, atMs: number): Model => ({ ...model, lastTypedAtMs: atMs });

/** The overlay that gets the key, or null for the composer. A question waits for a pause in typing. */
function overlayFor(model: Model, event: InputEvent, atMs: number): Overlay | null {
  const top = model.overlays.at(-1) ?? null;
  if (top === null || !isQuestion(top) || atMs - model.lastTypedAtMs >= TYPING_GUARD_MS) return top;
  const below = model.overlays.at(-2) ?? null;
  const isTyping = below !== null || model.composer.text !== '';
  if (!isTyping || (event.type === 'key' && event.name === 'escape')) return top;
  return below;
}

function settled(model: Model, overlay: Overlay, outcome: OverlayOutcome, atMs: number): Step {
  const at = model.overlays.indexOf(overlay);
  const typed = isQuestion(overlay) ? model : typedAt(model, atMs);
  if (outcome.kind === 'close') {
    const putAside = overlay.subject === null ? model.putAside : [...model.putAside, overlay.subject];
    return [{ ...typed, putAside, overlays: model.overlays.toSpliced(at, 1) }, outcome.effects];
  }
  return [{ ...typed, overlays: model.overlays.with(at, outcome.overlay) }, outcome.effects ?? []];
}
