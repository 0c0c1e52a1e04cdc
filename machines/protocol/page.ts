import { RpcError } from '../core/errors.ts';

export interface PageRequest {
  readonly cursor?: string | null | undefined;
  readonly limit?: number | null | undefined;
  readonly sortDirection?: 'asc' | 'desc' | null | undefined;
}

export interface Page<T> {
  readonly data: T[];
  /** Goes on behind the page; null: there is no more. */
  readonly nextCursor: string | null;
  /** Goes the other way, from the page's first entry on, that entry included; null: the page is empty. */
  readonly backwardsCursor: string | null;
}

/** Marks of a cursor: the entry itself is included, or only what lies behind it. */
const FROM = 'from:';
const AFTER = 'after:';

/**
 * One page of a list that is given oldest first; cursors name entries, so that they hold while the list grows.
 * @throws RpcError invalidParams for a cursor that is not of this list
 */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (entry: T) => string,
  { cursor, limit, sortDirection }: PageRequest,
  defaults: { readonly limit: number; readonly sortDirection: 'asc' | 'desc' },
): Page<T> {
  const ordered = (sortDirection ?? defaults.sortDirection) === 'asc' ? all : all.toReversed();
  const start = cursor == null ? 0 : startOf(ordered.map(keyOf), cursor);
  const end = start + (limit ?? defaults.limit);
  const data = ordered.slice(start, end);
  const [first, last] = [data[0], data.at(-1)];
  return {
    data,
    nextCursor: last !== undefined && end < ordered.length ? afterCursor(keyOf(last)) : null,
    backwardsCursor: first === undefined ? null : fromCursor(keyOf(first)),
  };
}

/** The cursor that begins with an entry. */
export const fromCursor = (key: string): string => `${FROM}${key}`;
/** The cursor of what lies behind an entry. */
export const afterCursor = (key: string): string => `${AFTER}${key}`;

function startOf(keys: readonly string[], cursor: string): number {
  const mark = [FROM, AFTER].find((known) => cursor.startsWith(known));
  const at = mark === undefined ? -1 : keys.indexOf(cursor.slice(mark.length));
  if (at < 0) throw new RpcError('invalidParams', `invalid cursor: ${cursor}`);
  return mark === AFTER ? at + 1 : at;
}
