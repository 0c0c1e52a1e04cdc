import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isUuid } from '../../machines/core/ids.ts';

/**
 * Names the threads in which a question waits, so that a starting daemon finds them without reading every log: one empty
 * file each, written before the question is asked. A mark that is no longer true costs one look at a log.
 */
export class QuestionMarks {
  constructor(private readonly folder: string) {}

  /** @throws when it cannot be written; then nobody may be asked */
  add(threadId: string): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(join(this.folder, threadId), 'a', 0o600));
  }

  remove(threadId: string): void {
    try {
      rmSync(join(this.folder, threadId), { force: true });
    } catch {
      // It only costs the next daemon a look.
    }
  }

  list(): readonly string[] {
    try {
      return readdirSync(this.folder).filter(isUuid);
    } catch {
      return [];
    }
  }
}
