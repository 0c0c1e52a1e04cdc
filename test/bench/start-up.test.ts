import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { report } from './measure.ts';

const RUNS = 12;

/** Seconds of CPU of a command's processes, as the shell that ran them counts. */
function cpuSeconds(...args: readonly string[]): number {
  const script = `i=0; while [ $i -lt ${RUNS} ]; do "$@" >/dev/null || exit 1; i=$((i+1)); done; times`;
  const output = execFileSync('sh', ['-c', script, 'sh', process.execPath, ...args], { encoding: 'utf8' });
  const times = [...(output.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

test('the client adds little to the start of Node itself', () => {
  cpuSeconds('-e', '0');
  const floor = cpuSeconds('-e', '0');
  const rows = [
    { what: 'codex --version', ratio: cpuSeconds('dist/codex.cjs', '--version') / floor },
    { what: 'codex --help', ratio: cpuSeconds('dist/codex.cjs', '--help') / floor },
  ];
  report('Start-up', 'node -e 0', rows);
  expect(rows[0]?.ratio).toBeLessThan(2.5);
});
