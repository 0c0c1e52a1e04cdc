import { clientRequests } from '../../machines/protocol/index.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** The pause before attempt n (from 1): doubling, with up to a quarter taken off so that clients do not come in step. */
export function backOffMs(attempt: number, random: number): number {
  if (attempt <= 1) return 0;
  const full = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt - 2, 10), LONGEST_PAUSE_MS);
  return Math.round(full * (1 - random / 4));
}

/**
 * Whether a call that was cut off may be sent again on a new connection: it only looks, says the same again, or is a prompt with an id
 * of the client's own, which the daemon does not double (DESIGN §3).
 */
export function isRepeatable(method: string, params: unknown): boolean {
  const definition = (clientRequests as Readonly<Record<string, { readonly mutates: boolean } | undefined>>)[method];
  if (!definition?.mutates) return definition !== undefined;
  if (method === 'draft/set') return true;
  const isPrompt = ['turn/start', 'turn/steer', 'thread/queue/add'].includes(method);
  return isPrompt && typeof (params as { clientUserMessageId?: unknown }).clientUserMessageId === 'string';
}
