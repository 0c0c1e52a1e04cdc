import { dirname, extname, join } from 'node:path/posix';
import type { Failure } from './test-report.ts';

/** A line that is probably the bug: a known mistake, in a function that failing tests reach. */
export interface Suspect {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly functionName: string;
  readonly wrong: string;
  readonly fixed: string;
  /** A clause: "the loop stops before the last element". */
  readonly why: string;
}

interface BugPattern {
  readonly find: RegExp;
  readonly replaceBy: string;
  readonly why: string;
  /** The mistake is looked for only where a failing test's name holds such words. */
  readonly hint?: RegExp;
  /** A function in which the line is meant to be so. */
  readonly isRight?: RegExp;
}

/** The mistakes that the practice model knows. Everything else it leaves to a person. */
const PATTERNS: readonly BugPattern[] = [
  {
    find: /\b(\w+) < ([\w.]+\.length) - 1\b/,
    replaceBy: '$1 < $2',
    why: 'the loop stops before the last element',
    isRight: /\[\s*\w+\s*\+\s*1\s*\]/,
  },
  {
    find: /\b(\w+) <= ([\w.]+\.length)\b(?!\s*-)/,
    replaceBy: '$1 < $2',
    why: 'the loop runs one past the last element',
  },
  {
    find: /\b(let|var) (\w+) = 1; \2 < ([\w.]+\.length)\b/,
    replaceBy: '$1 $2 = 0; $2 < $3',
    why: 'the loop begins with the second element',
    isRight: /\[\s*\w+\s*-\s*1\s*\]/,
  },
  {
    find: /(\w|\)) > (?=[\w.(])/,
    replaceBy: '$1 >= ',
    why: 'the comparison leaves out the limit itself',
    hint: /\b(?:exactly|at least|or more|from|limit|boundary)\b/i,
  },
  {
    find: /(\w|\)) < (?=[\w.(])/,
    replaceBy: '$1 <= ',
    why: 'the comparison leaves out the limit itself',
    hint: /\b(?:exactly|at most|up to|or less|limit|boundary)\b/i,
  },
];

export const KNOWN_MISTAKES =
  'a loop that stops one short, runs one too far or begins one too late, and a comparison that leaves out its own limit';

interface SourceFunction {
  readonly path: string;
  readonly name: string;
  readonly firstLine: number;
  readonly lines: readonly string[];
}

/**
 * Suspects, those first that most failing tests reach.
 * @param texts the test and source files that were read, by path
 */
export function findSuspects(failures: readonly Failure[], texts: ReadonlyMap<string, string>): readonly Suspect[] {
  const functions = [...texts].flatMap(([path, text]) => functionsIn(path, text));
  const scored = failures.map((failure) => ({ failure, reached: reach(calledByTest(failure, texts), functions) }));
  const found = new Map<string, { suspect: Suspect; count: number }>();
  for (const { failure, reached } of scored) {
    for (const suspect of reached.flatMap((source) => suspectsIn(source, failure))) {
      const key = `${suspect.path}:${suspect.line}:${suspect.fixed}`;
      found.set(key, { suspect, count: (found.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...found.values()].sort((left, right) => right.count - left.count).map(({ suspect }) => suspect);
}

/** Paths of the files that a source text imports from beside it. */
export function importsOf(path: string, text: string): readonly string[] {
  const names = [...text.matchAll(/(?:\bfrom|\bimport|\brequire\()\s*['"](\.{1,2}\/[^'"\n]{1,200})['"]/g)].map(
    ([, name]) => name ?? '',
  );
  const paths = names.map((name) => join(dirname(path), name));
  return [...new Set(paths.map((found) => (extname(found) === '' ? `${found}.js` : found)))];
}

function functionsIn(path: string, text: string): readonly SourceFunction[] {
  const lines = text.replaceAll('\r', '').split('\n');
  return lines.flatMap((line, index) => {
    const name =
      /^(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*([\w$]+)/.exec(line)?.[1] ??
      /^(?:export\s+)?(?:const|let|var)\s+([\w$]+)\s*=\s*(?:async\s*)?(?:\(|[\w$]+\s*=>|function\b)/.exec(line)?.[1];
    if (name === undefined) return [];
    const length = lines.slice(index + 1).findIndex((next) => /^[^\s]/.test(next));
    return [
      { path, name, firstLine: index + 1, lines: lines.slice(index, length < 0 ? undefined : index + 2 + length) },
    ];
  });
}

/** Names called between the start of the failing test and its failing assertion. */
function calledByTest({ file, line }: Failure, texts: ReadonlyMap<string, string>): readonly string[] {
  if (file === null || line === null) return [];
  const lines = (texts.get(file) ?? '').split('\n').slice(0, line);
  const start = lines.findLastIndex((text) => /\b(?:test|it)(?:\.\w+)?\(/.test(text));
  return start < 0 ? [] : callsIn(lines.slice(start).join('\n'));
}

function callsIn(text: string): readonly string[] {
  return [...text.matchAll(/([\w$]+)\s*\(/g)].map(([, name]) => name ?? '');
}

/** The functions that are called from these names, directly or through one another; the nearest first. */
function reach(names: readonly string[], functions: readonly SourceFunction[]): readonly SourceFunction[] {
  const reached = new Set<SourceFunction>();
  let next = names;
  while (next.length > 0) {
    const fresh = functions.filter((source) => next.includes(source.name) && !reached.has(source));
    for (const source of fresh) reached.add(source);
    next = fresh.flatMap((source) => callsIn(source.lines.join('\n')));
  }
  return [...reached];
}

function suspectsIn(source: SourceFunction, failure: Failure): readonly Suspect[] {
  const body = source.lines.join('\n');
  const patterns = PATTERNS.filter(
    ({ hint, isRight }) => (hint?.test(failure.name) ?? true) && !(isRight?.test(body) ?? false),
  );
  return patterns.flatMap(({ find, replaceBy, why }) =>
    source.lines.flatMap((wrong, index) => {
      if (!find.test(wrong) || wrong.trimStart().startsWith('//')) return [];
      const place = { path: source.path, line: source.firstLine + index, functionName: source.name };
      return [{ ...place, wrong, fixed: wrong.replace(find, replaceBy), why }];
    }),
  );
}
