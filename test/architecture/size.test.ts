import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** More than a person reads at one sitting. Tables of test cases may be longer than code. */
const MAX_LINES = 300;

const lineCount = (path: string): number => readFileSync(path, 'utf8').trimEnd().split('\n').length;

test(`no source file has more than ${MAX_LINES} lines`, () => {
  const long = ['machines', 'daemon', 'client']
    .flatMap(sourceFiles)
    .map((file) => ({ file, lines: lineCount(file) }))
    .filter(({ lines }) => lines > MAX_LINES);
  expect(long).toEqual([]);
});
