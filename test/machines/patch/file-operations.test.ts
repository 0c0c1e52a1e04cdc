import { expect, test } from 'vitest';
import type { FileChange } from '../../../machines/patch/file-change.ts';
import { toFileOperations } from '../../../machines/patch/file-operations.ts';

const changes: readonly FileChange[] = [
  { kind: 'update', path: '/a', movePath: null, oldContent: '1', newContent: '2' },
  { kind: 'update', path: '/b', movePath: '/d/b', oldContent: '3', newContent: '4' },
  { kind: 'delete', path: '/c', oldContent: '5' },
  { kind: 'add', path: '/e', content: '' },
];

test('changes become steps in order, and a moved file is written before its old name goes', () => {
  expect(toFileOperations(changes)).toEqual([
    { op: 'write', path: '/a', content: '2', mkdirs: false, modeOf: null },
    { op: 'write', path: '/d/b', content: '4', mkdirs: true, modeOf: '/b' },
    { op: 'unlink', path: '/b' },
    { op: 'unlink', path: '/c' },
    { op: 'write', path: '/e', content: '', mkdirs: true, modeOf: null },
  ]);
});
