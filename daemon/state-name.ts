/** `sampling.streaming` of `{ sampling: 'streaming' }`: the name of a machine's state. */
export function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, below]) => `${name}.${stateName(below)}`)
    .join(',');
}
