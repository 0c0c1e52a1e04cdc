import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/deps.ts';
import { AuditLog } from '../../../daemon/store/audit-log.ts';
import { type AuditEntry, auditNames, checkAudit } from '../../../machines/core/audit.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const subject = { kind: 'command' as const, command: 'npm test', cwd: '/repo', reason: null, paths: [] };
const entry = (approvalId: string): AuditEntry => ({
  kind: 'question',
  threadId: 't',
  turnId: 'u',
  itemId: 'i',
  approvalId,
  subject,
});

function inFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'audit.jsonl');
  const said: string[] = [];
  return {
    folder,
    path,
    said,
    open: (maxBytes?: number) => new AuditLog(path, systemClock, (message) => said.push(message), maxBytes),
    check: () =>
      checkAudit(
        auditNames(readdirSync(folder)).map((name) => ({ name, text: readFileSync(join(folder, name), 'latin1') })),
        sha256,
      ),
  };
}

test('is the owner’s alone, and goes on over restarts', () => {
  const { path, open, check, said } = inFolder();
  const first = open();
  first.append(entry('a'));
  first.append(entry('b'));
  open().append(entry('c'));

  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(check()).toMatchObject({
    brokenAt: null,
    setAside: 0,
    lines: [{ n: 1 }, { n: 2 }, { n: 3, approvalId: 'c' }],
  });
  expect(said).toEqual([]);
});

test('sets a line aside that a crash cut short, says so, and goes on', () => {
  const { path, open, check, said } = inFolder();
  open().append(entry('a'));
  appendFileSync(path, '{"n":2,"at":"20');
  open().append(entry('b'));

  expect(check()).toMatchObject({
    brokenAt: null,
    setAside: 1,
    lines: [{ n: 1 }, { n: 2, kind: 'resumed' }, { n: 3, approvalId: 'b' }],
  });
  expect(said).toEqual(['the last line of the audit file was cut short by a crash; it is set aside']);
});

test('a line without its newline is whole', () => {
  const { path, open, check } = inFolder();
  open().append(entry('a'));
  const text = readFileSync(path, 'utf8');
  rmSync(path);
  appendFileSync(path, text.trimEnd());
  open().append(entry('b'));
  expect(check()).toMatchObject({ brokenAt: null, setAside: 0, lines: { length: 2 } });
});

test('a full file is put beside the next, which goes on with its chain', () => {
  const { folder, open, check } = inFolder();
  const log = open(300);
  for (let n = 0; n < 7; n += 1) log.append(entry(`a${n}`));
  open(300).append(entry('later'));

  expect(readdirSync(folder).length).toBeGreaterThan(2);
  expect(check()).toMatchObject({ brokenAt: null, lines: { length: 8 } });
});

test('damage that it finds is said, and stays to be found at its line', () => {
  const { path, open, check, said } = inFolder();
  open().append(entry('a'));
  open().append(entry('b'));
  const text = readFileSync(path, 'utf8');
  rmSync(path);
  appendFileSync(path, text.replace('npm test', 'npm tost'));
  open().append(entry('c'));

  expect(check().brokenAt).toMatchObject({ line: 1 });
  expect(said).toMatchObject([expect.stringContaining('damaged at line 1')]);
});

test('a file that was moved away is followed by one that goes on with its chain', () => {
  const { folder, path, open, check } = inFolder();
  const log = open();
  log.append(entry('a'));
  renameSync(path, join(folder, 'audit-000000000001.jsonl'));
  log.append(entry('b'));
  expect(check()).toMatchObject({ brokenAt: null, lines: { length: 2 } });
});

test('what cannot be written is refused, typed, and can be written later', () => {
  const { path, open, check } = inFolder();
  const log = open();
  mkdirSync(path);
  expect(() => log.append(entry('a'))).toThrow(expect.objectContaining({ errorName: 'auditFailed' }));
  rmSync(path, { recursive: true });
  log.append(entry('b'));
  chmodSync(path, 0o600);
  expect(check()).toMatchObject({ brokenAt: null, lines: [{ n: 1, approvalId: 'b' }] });
});
