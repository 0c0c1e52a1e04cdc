import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type AuditEntry,
  auditLine,
  checkAudit,
  fullAuditName,
  isCutShort,
  NO_LINE,
} from '../../machines/core/audit.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { Clock } from '../deps.ts';
import { appendWhole } from './append-whole.ts';

/** A file that is longer is put beside the new one, which goes on with the chain. Nothing is ever removed. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** Lines that come meanwhile share one sync. */
const SYNC_DELAY_MS = 20;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface OpenFile {
  readonly fd: number;
  readonly inode: number;
  readonly firstN: number;
  size: number;
}

/** Who asked, who decided, what and when: appended to before anything happens, each line chained to the one before. */
export class AuditLog {
  private file: OpenFile | null = null;
  private previous = NO_LINE;
  private nextN = 1;
  private syncHandle: unknown = null;

  /** @param said told of damage that was found */
  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly said: (message: string) => void,
    private readonly maxFileBytes = MAX_FILE_BYTES,
  ) {}

  /** Returns when the line is written. @throws RpcError auditFailed; then what it is about must not happen */
  append(entry: AuditEntry): void {
    try {
      this.write(this.current(), entry);
    } catch (error) {
      throw new RpcError(
        'auditFailed',
        `the audit file cannot be written, so nothing was decided: ${messageOf(error)} (${this.path})`,
        { cause: error },
      );
    }
    this.syncSoon();
  }

  private write(file: OpenFile, entry: AuditEntry): void {
    const line = { ...entry, n: this.nextN, at: new Date(this.clock.now()).toISOString(), previous: this.previous };
    const text = auditLine(line, sha256);
    addText(file, `${text}\n`);
    this.previous = sha256(text);
    this.nextN += 1;
  }

  /** The file to write to: opened when first needed, and anew when it is full or somebody moved it away. */
  private current(): OpenFile {
    if (this.file && this.file.size > this.maxFileBytes) {
      renameSync(this.path, join(dirname(this.path), fullAuditName(this.file.firstN)));
      this.letGo();
    } else if (this.file && statSync(this.path, { throwIfNoEntry: false })?.ino !== this.file.inode) {
      this.letGo();
      this.said('the audit file was moved away; a new one goes on with its chain');
    }
    this.file ??= this.open();
    return this.file;
  }

  private open(): OpenFile {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const isNew = !statSync(this.path, { throwIfNoEntry: false });
    const fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o600);
    const { size, ino: inode } = fstatSync(fd);
    const file = { fd, inode, size, firstN: this.nextN };
    return isNew || size === 0 ? file : this.takeUp(file);
  }

  /** Goes on with what an earlier daemon wrote. A line that it could not finish is closed, named and never joined to. */
  private takeUp(file: OpenFile): OpenFile {
    const text = readFileSync(this.path, 'latin1');
    const rows = text.split('\n');
    const open = rows.pop() ?? '';
    const { brokenAt, lines } = checkAudit([{ name: this.path, text }], sha256);
    if (brokenAt) this.said(`the audit file is damaged at line ${brokenAt.line}: ${brokenAt.why}`);
    const firstN = lines[0]?.n ?? 1;
    const isTorn = open !== '' && isCutShort(open);
    const whole = open === '' || isTorn ? rows : [...rows, open];
    const lastWhole = whole.at(-1);
    this.previous = lastWhole === undefined ? NO_LINE : sha256(lastWhole);
    this.nextN = (lines.at(-1)?.n ?? 0) + 1 + (brokenAt ? whole.length - brokenAt.line + 1 : 0);
    const taken = { ...file, firstN };
    if (open !== '') addText(taken, '\n');
    if (isTorn) {
      this.said('the last line of the audit file was cut short by a crash; it is set aside');
      this.write(taken, { kind: 'resumed', torn: sha256(open) });
    }
    return taken;
  }

  private letGo(): void {
    if (this.file) closeSync(this.file.fd);
    this.file = null;
  }

  private syncSoon(): void {
    this.syncHandle ??= this.clock.setTimeout(() => {
      this.syncHandle = null;
      // A sync that fails is told by the next write; the line itself outlives the daemon.
      if (this.file) fdatasync(this.file.fd, () => {});
    }, SYNC_DELAY_MS);
  }
}

/** Lines are plain ASCII, and what is read back is so byte by byte. */
function addText(file: OpenFile, text: string): void {
  file.size = appendWhole(file.fd, Buffer.from(text, 'latin1'), file.size);
}
