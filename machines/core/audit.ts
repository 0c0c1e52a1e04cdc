import * as v from 'valibot';
import { approvalDecision, openApproval } from '../protocol/types/approval.ts';
import { clientTag } from '../protocol/types/item.ts';

/**
 * The audit file: one JSON line for each question, answer, and call that an earlier answer let through. Each line names
 * the SHA-256 of the line before (`previous`) and ends in the SHA-256 of its own text up to there (`hash`), so that a
 * changed byte is found at its line. ASCII only. Shared by the daemon, which writes it, and the client, which checks it.
 */

const of = { threadId: v.string(), turnId: v.string(), itemId: v.string() };

/** What was asked about. `paths`: the files of a change. */
const subject = v.object({
  ...v.pick(openApproval, ['kind', 'command', 'cwd', 'reason']).entries,
  paths: v.array(v.string()),
});
export type AuditSubject = v.InferOutput<typeof subject>;

export const auditEntry = v.variant('kind', [
  v.object({ kind: v.literal('question'), ...of, approvalId: v.string(), subject }),
  v.object({
    kind: v.literal('decision'),
    ...of,
    approvalId: v.string(),
    subject: v.nullable(subject),
    decision: approvalDecision,
    /** Null when the daemon closed the question: its turn was stopped. */
    by: v.nullable(clientTag),
    waitedMs: v.number(),
  }),
  /** Not asked, because of an earlier answer for the rest of the thread. */
  v.object({ kind: v.literal('auto'), ...of, subject, rule: v.literal('acceptForSession') }),
  /** A line that a crash cut short stands before this one; it is set aside. */
  v.object({ kind: v.literal('resumed'), torn: v.string() }),
]);
export type AuditEntry = v.InferOutput<typeof auditEntry>;

const place = v.object({ n: v.number(), at: v.string(), previous: v.string() });
/** An entry with its number from 1, its time (ISO 8601) and the hash of the line before. */
export type AuditLine = AuditEntry & v.InferOutput<typeof place>;

export type Sha256 = (text: string) => string;

/** `previous` of the very first line. */
export const NO_LINE = '0'.repeat(64);

const SHAPE = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/;

/** The text of a line, without its newline. */
export function auditLine(line: AuditLine, sha256: Sha256): string {
  const { kind, n, at, previous, ...rest } = line;
  const json = JSON.stringify({ n, at, kind, ...rest, previous });
  const body = json
    .slice(0, -1)
    .replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${body},"hash":"${sha256(body)}"}`;
}

/** One line, when it is whole and unchanged in itself; else why not. */
export function readAuditLine(text: string, sha256: Sha256): { line: AuditLine } | { why: string } {
  const [, body, hash] = SHAPE.exec(text) ?? [];
  if (body === undefined) return { why: 'it is not an entry' };
  if (sha256(body) !== hash) return { why: 'its text does not fit its hash' };
  try {
    const value: unknown = JSON.parse(text);
    return { line: { ...v.parse(place, value), ...v.parse(auditEntry, value) } };
  } catch {
    return { why: 'it is an entry of another version' };
  }
}

/** Whether a last line without a newline is what a crash in mid-write leaves: a beginning of an entry. */
export const isCutShort = (text: string): boolean => !/,"hash":"[0-9a-f]{64}"\}/.test(text);

/** A file of the chain: its name, and its bytes as Latin-1. */
export interface AuditFile {
  readonly name: string;
  readonly text: string;
}

export interface AuditReport {
  readonly lines: readonly AuditLine[];
  /** Lines that a crash cut short. */
  readonly setAside: number;
  /** The first line that does not fit, counted from 1 in its file; null when the chain is intact. */
  readonly brokenAt: { readonly file: string; readonly line: number; readonly why: string } | null;
  /** The text of the last line that was looked at, and the number of the next. */
  readonly last: { readonly text: string | null; readonly nextN: number };
}

/** Goes along the chain, oldest file first, up to its end or to where it breaks. */
export function checkAudit(files: readonly AuditFile[], sha256: Sha256): AuditReport {
  const lines: AuditLine[] = [];
  let setAside = 0;
  let previous: string | null = null;
  let last: AuditReport['last'] = { text: null, nextN: 1 };
  for (const { name, text } of files) {
    const rows = text.split('\n');
    const isTerminated = rows.at(-1) === '';
    if (isTerminated) rows.pop();
    for (const [at, row] of rows.entries()) {
      const read = readAuditLine(row, sha256);
      const isLast = at === rows.length - 1 && !isTerminated;
      if ('why' in read && ((isLast && isCutShort(row)) || isSetAside(row, rows[at + 1], sha256))) {
        setAside += 1;
        continue;
      }
      const why = 'why' in read ? read.why : misfit(read.line, previous, last.nextN);
      if (why !== null) return { lines, setAside, brokenAt: { file: name, line: at + 1, why }, last };
      if (!('line' in read)) continue;
      lines.push(read.line);
      previous = sha256(row);
      last = { text: row, nextN: read.line.n + 1 };
    }
  }
  return { lines, setAside, brokenAt: null, last };
}

/** Earlier files may have been put away: the chain begins with the first line that is here. */
function misfit(line: AuditLine, previous: string | null, n: number): string | null {
  if (previous === null) return line.n === 1 && line.previous !== NO_LINE ? 'it names a line before the first' : null;
  if (line.previous !== previous) return 'the line before it is not the one that it names';
  return line.n === n ? null : `it is number ${line.n} in the place of ${n}`;
}

function isSetAside(row: string, next: string | undefined, sha256: Sha256): boolean {
  const read = next === undefined ? null : readAuditLine(next, sha256);
  return read !== null && 'line' in read && read.line.kind === 'resumed' && read.line.torn === sha256(row);
}

/** Names of the chain's files in their order: full ones are named after their first entry, the current one comes last. */
export const CURRENT_AUDIT = 'audit.jsonl';
export const fullAuditName = (firstN: number): string => `audit-${String(firstN).padStart(12, '0')}.jsonl`;
export const auditNames = (names: readonly string[]): string[] => [
  ...names.filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort(),
  ...names.filter((name) => name === CURRENT_AUDIT),
];
