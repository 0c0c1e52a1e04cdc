import { Command, InvalidArgumentError } from 'commander';
import type { AuditLine, AuditReport } from '../../../machines/core/audit.ts';
import { resolveHome } from '../../connection/home.ts';
import { readAudit } from '../audit-files.ts';
import { auditRow } from '../audit-table.ts';
import type { Cli } from '../cli.ts';
import { type CliContext, say } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { optionsOf } from '../options.ts';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `codex audit`: who was asked what, who decided, when; and whether the file was changed since. */
export function auditCommand(cli: Cli): Command {
  return new Command('audit')
    .description('show who was asked what and who decided, or check that nothing of it was changed')
    .option('--verify', 'check the chain of hashes from its first line to its last')
    .option('--thread <id>', 'only this thread: its id, or the beginning of it')
    .option('--since <when>', 'only what is younger: a date, or an age such as 30m, 2h, 7d', (text) =>
      sinceOf(text, cli.context.now()),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The file is read as it lies in the daemon's folder; no daemon has to run. Full files (audit-NUMBER.jsonl) belong to it.

Examples:
  codex audit --since 1d
  codex audit --thread 0199c2 --json
  codex audit --verify

Exit status: 0 shown, or the chain is intact; 1 the chain is broken, or the file cannot be read; 2 wrong usage.`,
    )
    .action((_options, command: Command) => {
      const { json, verify, thread, since } = optionsOf(command);
      const report = readAudit(resolveHome(cli.context.env).paths.daemonDir);
      if (verify === true) cli.finish(tellVerdict(cli.context, report, json === true));
      else {
        const isWanted = (line: AuditLine): boolean =>
          (thread === undefined || ('threadId' in line && line.threadId.startsWith(String(thread)))) &&
          (since === undefined || Date.parse(line.at) >= Number(since));
        cli.finish(show(cli.context, { ...report, lines: report.lines.filter(isWanted) }, json === true));
      }
    });
}

function tellVerdict(context: CliContext, { lines, setAside, brokenAt }: AuditReport, isJson: boolean): ExitCode {
  if (isJson) {
    const verdict = { entries: lines.length, isIntact: brokenAt === null, setAside, brokenAt };
    context.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
  } else if (brokenAt) say(context, `error: ${brokenText(brokenAt, lines.length)}`);
  else context.stdout.write(`${lines.length} entries, chain intact${remarks(lines, setAside)}\n`);
  return brokenAt ? exitCodes.failed : exitCodes.ok;
}

function remarks(lines: readonly AuditLine[], setAside: number): string {
  const first = lines[0]?.n ?? 1;
  return [
    ...(first > 1 ? [`it begins at entry ${first}: earlier files are not here`] : []),
    ...(setAside > 0 ? [`${setAside} cut short by a crash and set aside`] : []),
  ]
    .map((remark) => `; ${remark}`)
    .join('');
}

function show(context: CliContext, { lines, brokenAt }: AuditReport, isJson: boolean): ExitCode {
  if (isJson) context.stdout.write(`${JSON.stringify(lines, null, 2)}\n`);
  else for (const line of lines) context.stdout.write(`${auditRow(line)}\n`);
  if (brokenAt) {
    say(context, `error: ${brokenText(brokenAt, null)}; what follows there is not shown`);
    return exitCodes.failed;
  }
  if (lines.length === 0 && !isJson) say(context, 'there is nothing to show: nobody was asked yet, or nothing fits');
  return exitCodes.ok;
}

const brokenText = ({ file, line, why }: NonNullable<AuditReport['brokenAt']>, intact: number | null): string =>
  `the audit chain breaks at line ${line} of ${file}: ${why}${intact === null ? '' : `; the ${intact} entries before it are intact`}`;

/** A date, or an age; in ms since the epoch. */
function sinceOf(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const at = count === undefined ? Date.parse(text) : nowMs - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (Number.isNaN(at)) throw new InvalidArgumentError('write a date such as 2026-01-31, or an age such as 2h.');
  return at;
}
