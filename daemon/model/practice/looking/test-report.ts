import { isAbsolute, relative } from 'node:path/posix';

/** One failing test, as far as the output tells. `file` is relative to the working folder where it lies in it. */
export interface Failure {
  readonly name: string;
  readonly file: string | null;
  /** Line of the test that failed, counted from 1. */
  readonly line: number | null;
  readonly expected: string | null;
  readonly actual: string | null;
}

export interface TestReport {
  readonly passed: number | null;
  readonly failed: number | null;
  readonly failures: readonly Failure[];
}

/** Reads the output of `node --test` (TAP or the readable form), and the totals of pytest and cargo. */
export function parseTestReport(output: string, cwd: string | null): TestReport {
  const lines = output.replaceAll('\r', '').split('\n');
  return {
    passed: total(output, 'pass(?:ed)?'),
    failed: total(output, 'fail(?:ed|ures?)?'),
    failures: failuresIn(lines, cwd),
  };
}

function total(output: string, word: string): number | null {
  const ofNode = new RegExp(`^(?:#|ℹ) ${word} (\\d+)$`, 'm').exec(output)?.[1];
  const ofOthers = new RegExp(`\\b(\\d+) ${word}\\b`).exec(output)?.[1];
  const found = ofNode ?? ofOthers;
  return found === undefined ? null : Number(found);
}

const STARTS_TEST = /^\s*(?:not ok \d+ - |ok \d+ - |# Subtest: |✖ |✔ |ℹ |▶ )/;
const FAILS = /^\s*(?:not ok \d+ - |✖ )(.+?)(?: \(\d[\d.]*ms\))?(?: # .*)?$/;

function failuresIn(lines: readonly string[], cwd: string | null): readonly Failure[] {
  const found = new Map<string, Failure>();
  lines.forEach((line, index) => {
    const name = FAILS.exec(line)?.[1];
    if (name === undefined || name === 'failing tests:') return;
    const length = lines.slice(index + 1).findIndex((next) => STARTS_TEST.test(next));
    const block = lines.slice(index + 1, length < 0 ? undefined : index + 1 + length);
    const failure = {
      name,
      ...placeOf(block, cwd),
      expected: fieldOf(block, 'expected'),
      actual: fieldOf(block, 'actual'),
    };
    // The readable form lists every failure twice, and a suite fails with its tests: what has a place counts.
    if (failure.file !== null) found.set(`${failure.file}:${failure.line}:${name}`, failure);
  });
  return [...found.values()];
}

/** The outermost stack frame in a file of the project: the line of the test from which everything else was called. */
function placeOf(block: readonly string[], cwd: string | null): Pick<Failure, 'file' | 'line'> {
  // `location:` names where the test starts; the frames name the line that failed.
  const frames = block.filter((line) => !/^\s*location:/.test(line) && !line.includes('/node_modules/'));
  const places = frames.flatMap((line) => {
    const [, path, number] = /(?:file:\/\/|[\s(])(\/[^():]+):(\d+):\d+/.exec(line) ?? [];
    return path === undefined ? [] : [{ file: inFolder(decode(path), cwd), line: Number(number) }];
  });
  return places.at(-1) ?? { file: null, line: null };
}

function inFolder(path: string, cwd: string | null): string {
  if (cwd === null || !isAbsolute(cwd)) return path;
  const inside = relative(cwd, path);
  return inside.startsWith('..') ? path : inside;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A name with a lone % is no encoded one.
    return path;
  }
}

function fieldOf(block: readonly string[], field: 'expected' | 'actual'): string | null {
  const value = block
    .map((line) => new RegExp(`^\\s*${field}: (.*?),?$`).exec(line)?.[1])
    .find((found) => found !== undefined);
  return value === undefined || value === '|-' ? null : value;
}
