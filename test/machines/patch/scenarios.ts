import { readFileSync } from 'node:fs';
import type { PatchErrorKind } from '../../../machines/patch/patch-error.ts';

/** A file tree: texts by relative path; null stands for an empty folder. */
export type Tree = Readonly<Record<string, string | null>>;

/** One case of test/fixtures/patches: the tree before, and the tree and text after, or the error. */
export interface Scenario {
  readonly name: string;
  readonly before: Tree;
  readonly after?: Tree;
  readonly summary?: string;
  /** `/cwd` stands for the folder that the patch was applied in. */
  readonly error?: string;
  /** `mismatch` when left out. */
  readonly errorKind?: PatchErrorKind;
}

const list = 'one\ntwo\nthree\nfour\nfive\n';
const listDone = 'one\nTWO\nthree\nfour\nfive\n';
const headers = "'*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'";

/** The situations that the reference's own fixtures name (agent.md §8), with texts of ours. */
export const scenarios: readonly Scenario[] = [
  { name: 'add-file', before: {}, after: { 'notes/first.txt': 'one\n\nthree\n' }, summary: 'A notes/first.txt\n' },
  {
    name: 'multiple-operations',
    before: { 'old.txt': 'x\n', 'kept.txt': 'before\n' },
    after: { 'made/new.txt': 'fresh\n', 'kept.txt': 'after\n' },
    summary: 'A made/new.txt\nM kept.txt\nD old.txt\n',
  },
  {
    name: 'multiple-chunks',
    before: { 'list.txt': list },
    after: { 'list.txt': 'one\nTWO\nthree\nFOUR\nfive\n' },
    summary: 'M list.txt\n',
  },
  {
    name: 'move-to-new-directory',
    before: { 'here/name.txt': 'old text\n', 'here/other.txt': 'stays\n' },
    after: { 'there/deeper/name.txt': 'new text\n', 'here/other.txt': 'stays\n' },
    summary: 'M there/deeper/name.txt\n',
  },
  { name: 'rejects-empty-patch', before: {}, errorKind: 'rejected', error: 'patch rejected: empty patch' },
  {
    name: 'rejects-missing-context',
    before: { 'list.txt': list },
    error: 'Failed to find expected lines in /cwd/list.txt:\nno such line',
  },
  {
    name: 'rejects-missing-file-delete',
    before: {},
    error: 'Failed to read /cwd/gone.txt: No such file or directory (os error 2)',
  },
  {
    name: 'rejects-empty-update-hunk',
    before: { 'list.txt': list },
    errorKind: 'invalid',
    error: "invalid hunk at line 2, Update file hunk for path 'list.txt' is empty",
  },
  {
    name: 'requires-existing-file-for-update',
    before: {},
    error: 'Failed to read file to update /cwd/gone.txt: No such file or directory (os error 2)',
  },
  {
    name: 'move-overwrites-destination',
    before: { 'from.txt': 'source\n', 'to.txt': 'something else\n' },
    after: { 'to.txt': 'moved\n' },
    summary: 'M to.txt\n',
  },
  {
    name: 'add-overwrites-existing',
    before: { 'taken.txt': 'first\nsecond\n' },
    after: { 'taken.txt': 'replaced\n' },
    summary: 'A taken.txt\n',
  },
  {
    name: 'delete-directory-fails',
    before: { folder: null },
    error: 'Failed to read /cwd/folder: Is a directory (os error 21)',
  },
  {
    name: 'rejects-invalid-hunk-header',
    before: { 'list.txt': list },
    errorKind: 'invalid',
    error: `invalid hunk at line 2, '*** Rename File: list.txt' is not a valid hunk header. Valid hunk headers: ${headers}`,
  },
  {
    name: 'update-appends-trailing-newline',
    before: { 'bare.txt': 'no newline here' },
    after: { 'bare.txt': 'first\nsecond\n' },
    summary: 'M bare.txt\n',
  },
  {
    name: 'pure-addition-chunk',
    before: { 'list.txt': list },
    after: { 'list.txt': `${list}added at the end\n` },
    summary: 'M list.txt\n',
  },
  {
    name: 'padded-hunk-header',
    before: { 'list.txt': list },
    after: { 'list.txt': listDone },
    summary: 'M list.txt\n',
  },
  { name: 'padded-markers', before: { 'list.txt': list }, after: { 'list.txt': listDone }, summary: 'M list.txt\n' },
  { name: 'padded-markers-and-blank-lines', before: { 'list.txt': list }, after: {}, summary: 'D list.txt\n' },
  {
    name: 'unicode',
    before: { 'grüße.txt': 'naïve – 日本語\nÄrger 🙂\n' },
    after: { 'grüße.txt': 'naïve – 日本語\nFreude 🎉\n' },
    summary: 'M grüße.txt\n',
  },
  { name: 'delete-success', before: { 'old.txt': 'x\n', b: 'y' }, after: { b: 'y' }, summary: 'D old.txt\n' },
  {
    name: 'deletion-only-update',
    before: { 'list.txt': list },
    after: { 'list.txt': 'one\nfour\nfive\n' },
    summary: 'M list.txt\n',
  },
  {
    name: 'end-of-file-marker',
    before: { 'twice.txt': 'same\nmiddle\nsame\n' },
    after: { 'twice.txt': 'same\nmiddle\nlast\n' },
    summary: 'M twice.txt\n',
  },
  {
    name: 'move-onto-itself',
    before: { 'list.txt': list },
    after: { 'list.txt': listDone },
    summary: 'M ./list.txt\n',
  },
];

/** The text of a scenario's patch. */
export function readPatchFixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/patches/${name}.patch`, import.meta.url), 'utf8');
}
