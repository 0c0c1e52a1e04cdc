/**
 * Prints `N passed, N failed` from vitest's JSON report: node .ci/summary.mjs REPORT FAILED_STEPS
 * A skipped test, a file that did not load and a missing report count as failed; any failure is exit status 1.
 */
import { readFileSync } from 'node:fs';

const [path, failedSteps] = process.argv.slice(2);

function read() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

const report = read();
const cases = (report?.testResults ?? []).flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ fullName, status }) => ({ name: `${name}: ${fullName}`, status })),
);
const passed = cases.filter(({ status }) => status === 'passed').length;
const skipped = cases.filter(({ status }) => status !== 'passed' && status !== 'failed');
const broken = (report?.testResults ?? []).filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
);
for (const { name } of skipped) console.log(`skipped, which counts as failed: ${name}`);
for (const { name, message } of broken) console.log(`did not load: ${name} ${message}`);

const found = cases.filter(({ status }) => status === 'failed').length + skipped.length + broken.length;
// A step that failed without a failed test (lint, types, an installation) is one failure.
const testStepExplained = found > 0 ? 1 : 0;
const failed = found + Math.max(0, Number(failedSteps) - testStepExplained);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
