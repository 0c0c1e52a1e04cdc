/** CPU time, not wall time: other programs on the machine change the one and hardly the other. */

/** Milliseconds of CPU that a piece of work takes: the median of several runs, the first one only to warm up. */
export function cpuMs(work: () => void, runs = 7): number {
  work();
  const times = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

export interface Row {
  readonly what: string;
  /** In units of the floor, which was measured in the same run. */
  readonly ratio: number;
}

/** Prints a table of ratios, the floor first. */
export function report(title: string, floor: string, rows: readonly Row[]): void {
  const width = Math.max(floor.length, ...rows.map(({ what }) => what.length)) + 2;
  const lines = [{ what: floor, ratio: 1 }, ...rows].map(
    ({ what, ratio }) => `  ${what.padEnd(width)}${ratio.toFixed(2).padStart(7)}`,
  );
  process.stdout.write(`\n${title} (CPU, floor = 1)\n${lines.join('\n')}\n`);
}
