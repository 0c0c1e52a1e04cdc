import { runAll } from '../commands.ts';
import { updatePatch } from '../looking/make-patch.ts';
import { findSuspects, importsOf, KNOWN_MISTAKES, type Suspect } from '../looking/suspects.ts';
import type { Failure } from '../looking/test-report.ts';
import { applyPatch } from '../patching.ts';
import type { Call, Part, Scene, Task } from '../task.ts';
import { isCut } from '../tool-result.ts';
import { listed, pathWord, quoted, shorten } from '../wording.ts';
import { describeFailure, failureList, findTests, runTestCommand, type TestRun, totals } from './run-tests.ts';

type Texts = ReadonlyMap<string, string>;

const MAX_TEST_FILES = 3;
const MAX_FILES = 5;
/** With the steps around them, two tries are what a prompt's limit of steps allows. */
const MAX_TRIES = 2;

/** Runs the tests, reads what fails, finds a known mistake, patches it and runs the tests again. */
export function* fixBug(scene: Scene): Task {
  const found = yield* findTests(scene, {
    text: 'I will run the tests, look for the cause, fix it and run the tests again.',
    thought: '**Making a plan**\n\nFirst the failing test, then the code that it calls, then the change.',
    alongside: plan(scene, 0),
  });
  const before = yield* runTestCommand(scene, found.command, { text: `I run \`${found.command}\`: ${found.because}.` });
  if (before.result.exitCode === 0)
    return `There is nothing to fix: \`${found.command}\` passes${totals(before.report)}.`;
  const placed = before.report.failures.filter(({ file }) => file !== null);
  if (placed.length === 0) return cannotLocate(before);
  const texts = yield* readAround(scene, placed);
  const suspects = findSuspects(placed, texts);
  return suspects.length === 0
    ? knowsNoFix(before, texts)
    : yield* tryFixes(scene, before, texts, suspects.slice(0, MAX_TRIES));
}

const STEPS = ['Run the tests', 'Find the cause', 'Fix it', 'Run the tests again'] as const;

/** The plan with its first `completed` steps done; no call where the tool is not offered. */
function plan(scene: Scene, completed: number): readonly Call[] {
  if (!scene.tools.has('update_plan')) return [];
  const statusOf = (index: number): string =>
    index < completed ? 'completed' : index === completed ? 'in_progress' : 'pending';
  const steps = STEPS.map((step, index) => ({ step, status: statusOf(index) }));
  return [{ kind: 'function', name: 'update_plan', arguments: { plan: steps } }];
}

/** The failing tests' files, what they import, and what that imports: each level in one response. */
function* readAround(scene: Scene, failures: readonly Failure[]): Part<Texts> {
  const testFiles = [...new Set(failures.flatMap(({ file }) => file ?? []))].slice(0, MAX_TEST_FILES);
  const first = failures[0];
  const tests = yield* readFiles(scene, testFiles, {
    text: `The first failing assertion is ${first?.file}:${first?.line}. I read ${listed(testFiles.map((file) => `\`${file}\``))}.`,
    thought: '**Looking for the failing assertion**\n\nThe test shows which functions it calls.',
    alongside: plan(scene, 1),
  });
  const sources = yield* readFiles(scene, unread(tests), { text: 'Now the code that these tests call.' });
  const known = new Map([...tests, ...sources]);
  const deeper = unread(known);
  return deeper.length === 0
    ? known
    : new Map([...known, ...(yield* readFiles(scene, deeper, { text: 'And what that code calls in turn.' }))]);
}

function unread(texts: Texts): readonly string[] {
  const imported = [...texts].flatMap(([path, text]) => importsOf(path, text));
  return [...new Set(imported)].filter((path) => !texts.has(path)).slice(0, MAX_FILES);
}

function* readFiles(
  scene: Scene,
  paths: readonly string[],
  options: { text: string; thought?: string; alongside?: readonly Call[] },
): Part<Texts> {
  if (paths.length === 0) return new Map();
  const results = yield* runAll(
    scene,
    paths.map((path) => `cat ${pathWord(path)}`),
    options,
  );
  // A file that could not be read whole is none that could be patched.
  const read = results.map((result) =>
    result.kind === 'finished' && result.exitCode === 0 && !isCut(result.text) ? result.text : '',
  );
  return new Map(paths.map((path, index) => [path, read[index] ?? '']));
}

/** One suspect after the other; a change that did not help is taken back together with the next one. */
function* tryFixes(scene: Scene, before: TestRun, texts: Texts, suspects: readonly Suspect[]): Task {
  let current = texts;
  for (const suspect of suspects) {
    const changed = withFix(texts, suspect);
    const reason = `In \`${suspect.path}\` line ${suspect.line} (\`${suspect.functionName}\`) ${suspect.why}.`;
    yield* applyPatch(scene, patchBetween(current, changed), {
      text: reason,
      thought: `**Found a suspect**\n\n${reason}`,
    });
    current = changed;
    const after = yield* runTestCommand(scene, before.command, {
      text: 'I run the tests again.',
      alongside: plan(scene, 3),
    });
    if (hasHelped(before, after)) return yield* report(scene, before, after, suspect);
  }
  yield* applyPatch(scene, patchBetween(current, texts), { text: 'That was not it, so I take my change back.' });
  return `${knowsNoFix(before, texts)}\n\nI tried ${listed(suspects.map(({ path, line }) => `${path}:${line}`))}; the tests failed as before, and I took it back.`;
}

function withFix(texts: Texts, { path, line, fixed }: Suspect): Texts {
  const lines = (texts.get(path) ?? '').split('\n');
  const isCrlf = lines[line - 1]?.endsWith('\r') ?? false;
  lines[line - 1] = isCrlf ? `${fixed}\r` : fixed;
  return new Map([...texts, [path, lines.join('\n')]]);
}

function patchBetween(from: Texts, to: Texts): string {
  return updatePatch([...from].map(([path, before]) => ({ path, before, after: to.get(path) ?? before })));
}

function hasHelped(before: TestRun, after: TestRun): boolean {
  if (after.result.exitCode === 0) return true;
  return after.report.failed !== null && before.report.failed !== null && after.report.failed < before.report.failed;
}

function* report(scene: Scene, before: TestRun, after: TestRun, suspect: Suspect): Task {
  const isGreen = after.result.exitCode === 0;
  if (isGreen && scene.tools.has('update_plan')) yield { thought: null, text: null, calls: plan(scene, STEPS.length) };
  const first = before.report.failures[0];
  return [
    `${isGreen ? 'Fixed' : 'Better, but not all is well'}. In \`${suspect.path}\` line ${suspect.line} (\`${suspect.functionName}\`) ${suspect.why}:`,
    quoted(`-${suspect.wrong}\n+${suspect.fixed}`, 'diff'),
    first === undefined ? null : `That is why ${describeFailure(first)}.`,
    `\`${after.command}\` now ends with exit code ${after.result.exitCode}${totals(after.report)}; before it was ${before.result.exitCode}${totals(before.report)}.`,
    isGreen ? null : failureList(after.report.failures),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

function cannotLocate({ command, result }: TestRun): string {
  return `\`${command}\` fails with exit code ${result.exitCode}, but its output names no failing assertion that I could look up (I read the reports of Node's own test runner). I changed nothing. The end of the output:\n\n${quoted(shorten(result.text))}`;
}

function knowsNoFix({ command, report: { failures } }: TestRun, texts: Texts): string {
  return [
    `\`${command}\` fails:`,
    failureList(failures),
    `I read ${listed([...texts.keys()].map((path) => `\`${path}\``))} and found none of the mistakes that I know how to fix: ${KNOWN_MISTAKES}. The practice model can fix its example project (\`codex try\` opens a copy); a bug like this one needs a real model. No file is changed.`,
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}
