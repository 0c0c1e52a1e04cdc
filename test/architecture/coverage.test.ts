import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { overlays } from '../../client/tui/overlays/index.ts';
import { slashCommands } from '../../client/tui/slash-commands.ts';
import { tools } from '../../daemon/tools/index.ts';
import { errorCodes } from '../../machines/core/errors.ts';
import {
  clientNotifications,
  clientRequests,
  daemonRequests,
  globalNotifications,
  plainNotifications,
  threadNotifications,
} from '../../machines/protocol/index.ts';
import { privateNotifications } from '../../machines/protocol/machine-methods.ts';
import { sourceFiles } from './source-files.ts';

const textOf = (files: readonly string[]): string => files.map((file) => readFileSync(file, 'utf8')).join('\n');

/** The tests with their tables of cases; fakes and fixtures prove nothing by themselves. */
const tests = textOf(sourceFiles('test').filter((file) => !/^test\/(support|architecture|bench)\//.test(file)));
const screens = readdirSync('test/fixtures/screens');
const methodFiles = sourceFiles('machines/protocol/methods');
const declarations = textOf(methodFiles);
/** The code without the table of errors and without the lists of what a method may reject with. */
const raising = textOf(
  ['machines', 'daemon', 'client'].flatMap(sourceFiles).filter((file) => file !== 'machines/core/errors.ts'),
).replaceAll(/\berrors: \[[^\]]*\]/g, '');

const quoted = (name: string): RegExp => new RegExp(`(['"\`])${name}\\1`);
const word = (name: string): RegExp => new RegExp(`\\b${name}\\b`);

/** The constant that declares a method: tests name that rather than the string. */
function declaredAs(method: string): string {
  const before = declarations.split(`method: '${method}'`)[0] ?? '';
  return /.*export const (\w+)/s.exec(before)?.[1] ?? method;
}

/** Methods that a test names neither by string nor by declaration. */
const untested = (methods: readonly string[]): readonly string[] =>
  methods.filter((method) => !quoted(method).test(tests) && !word(declaredAs(method)).test(tests));

/** Names that no test can meet yet, each with its reason. */
const exempt: Readonly<Record<string, string>> = {};

const missing = (names: readonly string[]): readonly string[] =>
  names.filter((name) => exempt[name] === undefined && !quoted(name).test(tests));

describe('some test names', () => {
  test.each([
    ['request of a client', clientRequests],
    ['request of the daemon', daemonRequests],
    ['notification of a client', clientNotifications],
    ['notification of a thread', threadNotifications],
    ['notification to everybody', globalNotifications],
    ['notification to clients of the reference', plainNotifications],
    ['notification to one connection', privateNotifications],
  ])('every %s', (_kind, table) => {
    expect(untested(Object.keys(table))).toEqual([]);
  });

  test('every tool', () => {
    expect(missing(tools.map(({ name }) => name))).toEqual([]);
  });

  test('every overlay, with its picture of a screen', () => {
    const pictureOf = (id: string): string =>
      `${id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-80x24.txt`;
    expect(Object.keys(overlays).filter((id) => !screens.includes(pictureOf(id)))).toEqual([]);
  });

  test('every slash command', () => {
    const isTyped = (name: string): boolean => new RegExp(`/${name}\\b`).test(tests);
    expect(slashCommands.map(({ name }) => name).filter((name) => !isTyped(name))).toEqual([]);
  });

  test('every error', () => {
    expect(missing(Object.keys(errorCodes))).toEqual([]);
  });
});

test('every error is raised somewhere', () => {
  expect(Object.keys(errorCodes).filter((name) => !quoted(name).test(raising))).toEqual([]);
});
