import type { AuditLine, AuditSubject } from '../../machines/core/audit.ts';

const SHORT_ID = 13;

const DECIDED = {
  accept: 'allowed',
  acceptForSession: 'allowed for the thread',
  decline: 'denied',
  cancel: 'cancelled',
} as const;

/** Kinds by which nothing is permitted: somebody wants to know something. */
const OPEN_QUESTIONS: ReadonlySet<AuditSubject['kind']> = new Set(['userInput', 'mcpElicitation']);

/** One line of the table: when, which thread, what happened, to what, and through whom. */
export function auditRow(line: AuditLine): string {
  const at = line.at.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
  if (line.kind === 'resumed') return `${at}  the line before was cut short by a crash and is set aside`;
  const what = line.subject === null ? line.itemId : subjectText(line.subject);
  return `${at}  ${line.threadId.slice(0, SHORT_ID)}  ${happened(line)}: ${what}${through(line)}`;
}

function happened(line: Exclude<AuditLine, { kind: 'resumed' }>): string {
  if (line.kind === 'question') return 'asked';
  if (line.kind === 'auto') return 'allowed by an earlier answer';
  const isPermission = !line.subject || !OPEN_QUESTIONS.has(line.subject.kind);
  return line.decision === 'accept' && !isPermission ? 'answered' : DECIDED[line.decision];
}

function subjectText({ kind, command, cwd, reason, paths }: AuditSubject): string {
  if (OPEN_QUESTIONS.has(kind)) return (reason ?? kind).replace(/\p{C}|\s+/gu, ' ');
  const what = kind === 'fileChange' ? `change of ${paths.join(', ')}` : (command ?? kind);
  return `${what}${cwd === null ? '' : ` in ${cwd}`}${reason === null ? '' : ` (${reason})`}`.replace(
    /\p{C}|\s+/gu,
    ' ',
  );
}

function through(line: AuditLine): string {
  if (line.kind !== 'decision') return '';
  const { by, waitedMs } = line;
  const who =
    by === null
      ? 'its turn was stopped'
      : `by ${by.name}${by.terminal ? ` on ${by.terminal}` : ''} (pid ${by.pid ?? 'unknown'})`;
  return `; ${who}, after ${(waitedMs / 1000).toFixed(1)} s`;
}
