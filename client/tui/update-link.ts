import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { LinkState } from '../connection/link.ts';
import { createModel, type Message, type Model, type Step } from './model.ts';
import { addNote } from './notes.ts';
import { isQuestion, wantedQuestion } from './overlays/questions.ts';
import { settleEchoes } from './update-prompt.ts';

/** Takes a step of the followed thread: its state is already folded, what is left is what the interface adds to it. */
export function updateThread(model: Model, message: Extract<Message, { type: 'threadUpdated' }>): Model {
  const { threadId, update, nowMs } = message;
  if (threadId !== model.threadId) return model;
  const next = settleEchoes(showQuestion({ ...model, snapshot: update.snapshot, nowMs }));
  const warning = update.kind === 'event' ? warningOf(update.event) : null;
  return warning === null ? next : addNote(next, { text: `⚠ ${warning}`, style: 'warning' });
}

/** What a person is told where it happens; null: nothing. */
function warningOf({ method, params }: ThreadNotification): string | null {
  if (method === 'warning') return params.message;
  if (method !== 'mcpServer/startupStatus/updated' || params.status !== 'failed') return null;
  return `MCP server ${params.name} failed: ${params.error ?? 'no reason is known'}`;
}

/** Keeps exactly what has to be asked first on the screen, above all else. */
export function showQuestion(model: Model): Model {
  const wanted = wantedQuestion(model);
  const shown = model.overlays.find(isQuestion);
  if (wanted?.subject === shown?.subject) return model;
  const others = model.overlays.filter((overlay) => !isQuestion(overlay));
  return { ...model, overlays: wanted === null ? others : [...others, wanted.create()] };
}

/** Another thread takes the screen; what was typed stays. */
export function openThread(model: Model, threadId: string, snapshot: Model['snapshot']): Model {
  const { role, cwd, home, link, clientId, seat, size, nowMs, signIn } = model;
  const fresh = createModel({ threadId, snapshot, role, cwd, home, link, clientId, seat, size, nowMs, notices: [] });
  const { text, cursor, pastes } = model.composer;
  return showQuestion({ ...fresh, signIn, composer: { ...fresh.composer, text, cursor, pastes } });
}

/** A reconnect brings a new client id, and who is signed in may have changed meanwhile; a link that is closed for good ends the interface. */
export function changeLink(model: Model, state: LinkState, clientId: string | null): Step {
  const next: Model = { ...model, link: state, clientId: clientId ?? model.clientId };
  const isBack = state.kind === 'connected' && model.link.kind !== 'connected';
  return [next, isBack ? [{ type: 'loadAccount', because: 'reconnected' }] : []];
}
