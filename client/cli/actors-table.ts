import { isUuid } from '../../machines/core/ids.ts';
import type { LiveActor } from '../../machines/protocol/methods/daemon.ts';
import { sanitizeRow } from '../tui/view/sanitize.ts';
import { durationText } from './status-text.ts';
import { tableText } from './table.ts';

const SHORT_ID = 13;

/** The daemon's actors as a tree for people, without a line break at the end. */
export function actorsTable(actors: readonly LiveActor[], nowMs: number, columns: number): string {
  const depths = new Map<string | null, number>([[null, -1]]);
  const rows = actors.map((actor) => {
    const depth = (depths.get(actor.parentId) ?? -1) + 1;
    depths.set(actor.id, depth);
    return [
      `${'  '.repeat(depth)}${nameOf(actor)}`,
      actor.state.replaceAll('.', ', '),
      durationText(Math.max(0, nowMs - actor.sinceMs)),
      sanitizeRow(actor.about ?? ''),
    ];
  });
  return tableText([['ACTOR', 'STATE', 'FOR', 'WHAT'], ...rows], columns);
}

/** `tool call call_1`, `thread 0199c2a4-3f1e`; the id is left out where it is only the kind again. */
function nameOf({ kind, id }: LiveActor): string {
  const words = kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return id === kind ? words : `${words} ${isUuid(id) ? id.slice(0, SHORT_ID) : sanitizeRow(id)}`;
}
