import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type AuditEntry,
  auditLine,
  auditNames,
  checkAudit,
  fullAuditName,
  NO_LINE,
} from '../../../machines/core/audit.ts';
import fc from '../../support/fast-check.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const of = { threadId: 'thread', turnId: 'turn', itemId: 'item' };
const subject = { kind: 'command' as const, command: 'échø "x"\n', cwd: '/repo', reason: null, paths: [] };
const by = { clientId: 'client-1', name: 'codex-tui', pid: 7, terminal: '/dev/pts/1' };

const entry: fc.Arbitrary<AuditEntry> = fc.oneof(
  fc.record({ approvalId: fc.uuid(), command: fc.string({ unit: 'grapheme' }) }).map(({ approvalId, command }) => ({
    kind: 'question' as const,
    ...of,
    approvalId,
    subject: { ...subject, command },
  })),
  fc.record({ approvalId: fc.uuid(), waitedMs: fc.nat() }).map(({ approvalId, waitedMs }) => ({
    kind: 'decision' as const,
    ...of,
    approvalId,
    subject,
    decision: 'accept' as const,
    by,
    waitedMs,
  })),
  fc.constant({ kind: 'auto' as const, ...of, subject, rule: 'acceptForSession' as const }),
);

/** The bytes of a file, as Latin-1. */
function chain(entries: readonly AuditEntry[], firstN = 1, before = NO_LINE): string {
  let previous = before;
  return entries
    .map((one, at) => {
      const text = auditLine({ ...one, n: firstN + at, at: '2026-01-01T00:00:00.000Z', previous }, sha256);
      previous = sha256(text);
      return `${text}\n`;
    })
    .join('');
}

const check = (text: string, name = 'audit.jsonl') => checkAudit([{ name, text }], sha256);

describe('the audit chain', () => {
  test('reads what was written', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const { lines, setAside, brokenAt } = check(chain(entries));
        expect(lines.map(({ n, at, previous, ...rest }) => rest)).toEqual(entries);
        expect([lines.map(({ n }) => n), setAside, brokenAt]).toEqual([entries.map((_, at) => at + 1), 0, null]);
      }),
    );
  });

  test('one changed byte, anywhere, is found at its line', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (entries, where, flip) => {
          const bytes = Buffer.from(chain(entries), 'latin1');
          const at = where % bytes.length;
          const line = bytes.subarray(0, at).toString('latin1').split('\n').length;
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          expect(check(bytes.toString('latin1')).brokenAt).toMatchObject({ file: 'audit.jsonl', line });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    { name: 'a line taken out', change: (lines: string[]) => lines.toSpliced(1, 1), line: 2 },
    { name: 'a line said twice', change: (lines: string[]) => lines.toSpliced(1, 0, lines[0] ?? ''), line: 2 },
    { name: 'two lines exchanged', change: ([a = '', b = '', ...rest]: string[]) => [b, a, ...rest], line: 2 },
    { name: 'a line of somebody else', change: (lines: string[]) => [...lines, '{"n":4}'], line: 4 },
  ])('$name is found', ({ change, line }) => {
    const lines = chain(fc.sample(entry, 3)).trimEnd().split('\n');
    expect(check(`${change(lines).join('\n')}\n`).brokenAt?.line).toBe(line);
  });

  test('a last line that a crash cut short is set aside, whole lines before it count', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), fc.nat(), (entries, cut) => {
        const whole = chain(entries.slice(0, -1));
        const last = chain(entries).slice(whole.length, -1);
        const part = last.slice(0, 1 + (cut % (last.length - 1)));
        const { lines, setAside, brokenAt } = check(whole + part);
        expect([lines.length, setAside, brokenAt]).toEqual([entries.length - 1, 1, null]);
      }),
    );
  });

  test('goes on over a line that was set aside, as long as that line stays what it was', () => {
    const [first] = fc.sample(entry, 1) as [AuditEntry];
    const head = chain([first]);
    const torn = '{"n":2,"at":"2026-';
    const rest = chain([{ kind: 'resumed', torn: sha256(torn) }, first], 2, sha256(head.trimEnd()));
    expect(check(`${head}${torn}\n${rest}`)).toMatchObject({ setAside: 1, brokenAt: null, lines: { length: 3 } });
    expect(check(`${head}${torn.replace('2', '3')}\n${rest}`).brokenAt?.line).toBe(2);
  });

  test('goes on over files, oldest first; earlier ones may have been put away', () => {
    const entries = fc.sample(entry, 4);
    const all = chain(entries).split('\n');
    const [old, now] = [`${all.slice(0, 2).join('\n')}\n`, `${all.slice(2, 4).join('\n')}\n`];
    const files = [
      { name: fullAuditName(1), text: old },
      { name: 'audit.jsonl', text: now },
    ];
    expect(checkAudit(files, sha256)).toMatchObject({ brokenAt: null, lines: { length: 4 } });
    expect(check(now)).toMatchObject({ brokenAt: null, lines: [{ n: 3 }, { n: 4 }] });
    const names = ['audit.jsonl', 'daemon.log', fullAuditName(30), fullAuditName(4)];
    expect(auditNames(names)).toEqual([fullAuditName(4), fullAuditName(30), 'audit.jsonl']);
  });
});
