import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { WIRE_RECORD_VARIABLE } from '../support/wire-record.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder that holds what daemons said in the integration tests. */
    readonly wireRecord: string;
  }
}

/** The integration tests take about two minutes; what takes longer hangs. */
const LIMIT_MS = 10 * 60_000;

/** Takes the record that a run of the tests has left, or lets the integration tests make one. */
export default function recordWire({ provide }: TestProject): () => void {
  const given = process.env[WIRE_RECORD_VARIABLE];
  if (given) {
    provide('wireRecord', given);
    return () => {};
  }
  const folder = mkdtempSync(join(tmpdir(), 'codex-wire-'));
  const run = spawnSync('npx', ['vitest', 'run', 'test/integration'], {
    env: { ...process.env, [WIRE_RECORD_VARIABLE]: folder },
    stdio: 'inherit',
    timeout: LIMIT_MS,
  });
  if (run.status !== 0) throw new Error('the integration tests fail, so there is nothing to compare');
  provide('wireRecord', folder);
  return () => rmSync(folder, { recursive: true });
}
