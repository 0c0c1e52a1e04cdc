import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditFile, type AuditReport, auditNames, checkAudit } from '../../machines/core/audit.ts';
import { messageOf } from '../../machines/core/errors.ts';
import { CliError } from './cli-error.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Reads and checks the audit chain of a home by itself: the daemon that wrote it is not asked. @throws CliError */
export function readAudit(daemonDir: string): AuditReport {
  return checkAudit(auditFiles(daemonDir), sha256);
}

function auditFiles(daemonDir: string): AuditFile[] {
  try {
    return auditNames(readdirSync(daemonDir)).map((name) => ({
      name,
      text: readFileSync(join(daemonDir, name), 'latin1'),
    }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new CliError(`the audit file cannot be read: ${messageOf(error)}`);
  }
}
