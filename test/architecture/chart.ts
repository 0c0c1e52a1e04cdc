/** Prints the statecharts into ARCHITECTURE.md (`npm run chart`), or fails when they are stale (`-- --check`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { charts, withCharts } from './charts.ts';

const FILE = 'ARCHITECTURE.md';
const before = readFileSync(FILE, 'utf8');
const after = withCharts(before, charts());

if (after === before) process.stdout.write(`${FILE}: the charts are those of the machines\n`);
else if (process.argv.includes('--check')) {
  process.stderr.write(`${FILE}: the charts differ from the machines; run \`npm run chart\` and commit the result\n`);
  process.exitCode = 1;
} else {
  writeFileSync(FILE, after);
  process.stdout.write(`${FILE}: wrote the charts\n`);
}
