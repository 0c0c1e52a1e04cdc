import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTimeOf } from '../../../daemon/exec/process-tree.ts';
import { Placeholders, sweepPlaceholder } from '../../../daemon/sandbox/placeholders.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codex-placeholder-'));
  path = join(folder, '.git');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A lease as another daemon would put it; the test runner's parent stands for it. */
function leaseOf(pid: number): string {
  const lease = join(path, `codex-lease-${pid}-${startTimeOf(pid)?.replaceAll(/\W/g, '-')}`);
  mkdirSync(lease, { recursive: true });
  return lease;
}

describe('Placeholders', () => {
  test('stands while anyone uses it', () => {
    const placeholders = new Placeholders();
    expect([placeholders.acquire(path), placeholders.acquire(path)]).toEqual([true, true]);
    placeholders.release(path);
    expect(existsSync(path)).toBe(true);
    placeholders.release(path);
    expect(existsSync(path)).toBe(false);
  });

  test('another daemon’s placeholder is joined and left standing', () => {
    const lease = leaseOf(process.ppid);
    const placeholders = new Placeholders();
    expect(placeholders.acquire(path)).toBe(true);
    expect(readdirSync(path)).toHaveLength(2);
    placeholders.release(path);
    expect(existsSync(lease)).toBe(true);
    rmdirSync(lease);
  });

  test('what a killed daemon left goes with the last user', () => {
    mkdirSync(join(path, 'codex-lease-999999999-1-boot'), { recursive: true });
    const placeholders = new Placeholders();
    expect(placeholders.acquire(path)).toBe(true);
    placeholders.release(path);
    expect(existsSync(path)).toBe(false);
  });

  test('a folder of the user is not ours, also when it is empty', () => {
    mkdirSync(join(path, 'hooks'), { recursive: true });
    expect(new Placeholders().acquire(path)).toBe(false);
    rmdirSync(join(path, 'hooks'));
    expect(new Placeholders().acquire(path)).toBe(false);
    expect(existsSync(path)).toBe(true);
  });

  test('what the user put into it in the meantime stays', () => {
    const placeholders = new Placeholders();
    placeholders.acquire(path);
    writeFileSync(join(path, 'config'), 'mine');
    placeholders.release(path);
    expect(readdirSync(path)).toEqual(['config']);
  });

  test('files, links and places without a parent are not taken', () => {
    writeFileSync(path, '');
    expect(new Placeholders().acquire(path)).toBe(false);
    expect(new Placeholders().acquire(join(folder, 'missing', '.git'))).toBe(false);
  });
});

describe('sweepPlaceholder', () => {
  test('removes dead leases and then the folder, but not under a living owner', () => {
    leaseOf(process.ppid);
    mkdirSync(join(path, 'codex-lease-999999999-1-boot'));
    sweepPlaceholder(path);
    expect(readdirSync(path)).toHaveLength(1);
    rmSync(path, { recursive: true });

    mkdirSync(join(path, 'codex-lease-999999999-1-boot'), { recursive: true });
    sweepPlaceholder(path);
    expect(existsSync(path)).toBe(false);
  });
});
