import { clientKey } from '../../machines/policy/own-policy.ts';
import type { Connection } from '../server/connection.ts';
import type { HandlerDeps } from './handler-deps.ts';

/** Whose a draft is: the client over its reconnects. */
export const ownerOf = ({ tag }: Connection) => ({ key: clientKey(tag), terminal: tag.terminal });

/** A text that was sent is no draft any more. */
export function forgetDraft({ drafts }: HandlerDeps, threadId: string, connection: Connection): void {
  drafts.set(threadId, ownerOf(connection), '');
}
