import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../deps.ts';
import { AuditLog } from './audit-log.ts';
import { Drafts } from './drafts.ts';
import type { HomePaths } from './paths.ts';
import { QuestionMarks } from './question-marks.ts';
import { ThreadFactsFile } from './thread-facts.ts';
import { ThreadIndex } from './thread-index.ts';

/** What a daemon keeps of all threads beside their logs. */
export interface Stores {
  readonly index: ThreadIndex;
  readonly facts: ThreadFactsFile;
  readonly audit: AuditLog;
  readonly questionMarks: QuestionMarks;
  readonly drafts: Drafts;
  /** Folder of the words of answers that are still coming. */
  readonly partialDir: string;
  /** Folder of the logs of threads that are not kept. */
  readonly ephemeralDir: string;
  /** Removes what the last daemon should have. */
  readonly sweep: () => Promise<void>;
}

/** @param warn told what is wrong with the audit's file */
export function createStores(paths: HomePaths, clock: Clock, warn: (message: string) => void): Stores {
  const drafts = new Drafts(join(paths.daemonDir, 'drafts'), clock.now);
  const ephemeralDir = join(paths.daemonDir, 'ephemeral');
  return {
    index: new ThreadIndex(paths.sessionsDir, paths.nameIndex, paths.archivedDir),
    facts: new ThreadFactsFile(paths.threadFacts),
    audit: new AuditLog(paths.auditPath, clock, warn),
    questionMarks: new QuestionMarks(join(paths.daemonDir, 'questions')),
    drafts,
    partialDir: join(paths.daemonDir, 'partial'),
    ephemeralDir,
    sweep: async () => {
      drafts.sweep();
      await rm(ephemeralDir, { recursive: true, force: true });
    },
  };
}
