import { run, runAll } from '../commands.ts';
import { findTestCommand, parseListing, type TestCommand } from '../looking/project.ts';
import { type Failure, parseTestReport, type TestReport } from '../looking/test-report.ts';
import { type Call, type Part, type Scene, Stop, type Task } from '../task.ts';
import type { Finished, ToolResult } from '../tool-result.ts';
import { quoted, shorten } from '../wording.ts';

export interface TestRun {
  readonly command: string;
  readonly result: Finished;
  readonly report: TestReport;
}

/** Finds out how the tests are run here, runs them and reports from their real output. */
export function* runTests(scene: Scene): Task {
  const found = yield* findTests(scene, { text: 'I will look how the tests are run here.' });
  const tests = yield* runTestCommand(scene, found.command, { text: `I run \`${found.command}\`: ${found.because}.` });
  const verdict = tests.result.exitCode === 0 ? 'The tests pass' : 'The tests fail';
  const head = `${verdict}: \`${tests.command}\` ended with exit code ${tests.result.exitCode}${totals(tests.report)}.`;
  if (tests.result.exitCode === 0) return head;
  const details =
    failureList(tests.report.failures) ?? `The end of its output:\n\n${quoted(shorten(tests.result.text))}`;
  return `${head}\n\n${details}\n\nSay "fix the bug" and I look for the cause.`;
}

/** The command for this folder's tests. Stops when there is no sign of any. */
export function* findTests(
  scene: Scene,
  options: { text: string; thought?: string; alongside?: readonly Call[] },
): Part<TestCommand> {
  const listing = yield* run(scene, 'ls -la', options);
  const entries = parseListing(listing.text);
  const names = ['package.json', 'Makefile'].filter((name) => entries.some((entry) => entry.name === name));
  const results =
    names.length === 0
      ? []
      : yield* runAll(
          scene,
          names.map((name) => `cat ${name}`),
        );
  const found = findTestCommand(entries, new Map(names.map((name, index) => [name, textOf(results[index])])));
  if (found !== null) return found;
  throw new Stop(
    'I found no tests in this folder: no `package.json`, no `Makefile` with a `test` target, nothing of Python, Rust or Go. For a project with tests, start `codex try`: it opens a copy of the example project.',
  );
}

export function* runTestCommand(
  scene: Scene,
  command: string,
  options: { text: string; alongside?: readonly Call[] },
): Part<TestRun> {
  const result = yield* run(scene, command, options);
  return { command, result, report: parseTestReport(result.text, scene.cwd) };
}

function textOf(result: ToolResult | undefined): string {
  return result?.kind === 'finished' && result.exitCode === 0 ? result.text : '';
}

/** ", 5 passed and 1 failed", as far as known. */
export function totals({ passed, failed }: TestReport): string {
  const parts = [passed === null ? [] : [`${passed} passed`], failed === null ? [] : [`${failed} failed`]].flat();
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** One line for each failure; null when the output named none. */
export function failureList(failures: readonly Failure[]): string | null {
  if (failures.length === 0) return null;
  return failures
    .slice(0, 10)
    .map((failure) => `- ${describeFailure(failure)}`)
    .join('\n');
}

/** "the total counts all (test/cart.test.js:16) expected 720 and got 540" */
export function describeFailure({ name, file, line, expected, actual }: Failure): string {
  const place = file === null ? '' : ` (${file}:${line})`;
  const values = expected === null || actual === null ? '' : ` expected ${expected} and got ${actual}`;
  return `"${name}"${place}${values}`;
}
