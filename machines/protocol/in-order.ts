/** The entries in the order of `ids`; those that are not named keep their order behind them. */
export function inOrder<T>(all: readonly T[], ids: readonly string[], idOf: (entry: T) => string): T[] {
  const rank = new Map(ids.map((id, index) => [id, index]));
  return all.toSorted((a, b) => (rank.get(idOf(a)) ?? ids.length) - (rank.get(idOf(b)) ?? ids.length));
}
