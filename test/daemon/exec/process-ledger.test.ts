import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ProcessLedger } from '../../../daemon/exec/process-ledger.ts';
import { startTimeOf } from '../../../daemon/exec/process-tree.ts';

let folder: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codex-ledger-'));
  path = join(folder, 'children.jsonl');
});
afterEach(() => {
  for (const child of children.splice(0)) killGroup(child.pid ?? 0);
  rmSync(folder, { recursive: true });
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The test has ended all of it.
  }
}

/** A group of two: a shell that says when its child runs. */
async function startGroup(
  script = 'sleep 300 & echo "$!"; wait',
): Promise<{ pid: number; grandchild: number; child: ChildProcess }> {
  const env = { PATH: process.env.PATH, CODEX_THREAD_ID: 't' };
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, grandchild: Number(String(line)), child };
}

const entry = (pid: number) => ({ pid, threadId: 't', callId: 'c', placeholders: [] });

describe('ProcessLedger', () => {
  test('holds one line per live child, readable by the owner only', async () => {
    const [one, two] = [await startGroup(), await startGroup()];
    const ledger = new ProcessLedger(path);
    ledger.add(entry(one.pid));
    ledger.add(entry(two.pid));
    ledger.remove(one.pid);
    const line = { pid: two.pid, threadId: 't', callId: 'c', placeholders: [], startTime: startTimeOf(two.pid) };
    expect(
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([line]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    ledger.sweep();
  });

  test('the next daemon kills what a killed one left, and empties the file', async () => {
    const { pid, grandchild, child } = await startGroup();
    const ended = once(child, 'exit');
    new ProcessLedger(path).add(entry(pid));

    expect(new ProcessLedger(path).sweep()).toMatchObject([{ pid, threadId: 't', callId: 'c' }]);
    expect(await ended).toEqual([null, 'SIGKILL']);
    await expect.poll(() => startTimeOf(grandchild)).toBeNull();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('a group that lost its leader is known by its thread', async () => {
    const { pid, grandchild, child } = await startGroup('sleep 300 >/dev/null & echo "$!"; kill -STOP $$');
    new ProcessLedger(path).add(entry(pid));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;

    expect(new ProcessLedger(path).sweep()).toMatchObject([{ pid }]);
    await expect.poll(() => startTimeOf(grandchild)).toBeNull();
  });

  test('another program under the same number is left alone', async () => {
    const { pid } = await startGroup();
    writeFileSync(path, `${JSON.stringify({ ...entry(pid), startTime: 'earlier' })}\n`);
    expect(new ProcessLedger(path).sweep()).toEqual([]);
    expect(startTimeOf(pid)).not.toBeNull();
    process.kill(-pid, 'SIGKILL');
  });

  test('lines it cannot read name nobody', () => {
    writeFileSync(path, 'half a li\n{"pid":1,"startTime":"x"}\n[]\n');
    expect(new ProcessLedger(path).sweep()).toEqual([]);
  });

  test('removes placeholders without an owner, and nothing else', () => {
    const [left, used] = [join(folder, '.git'), join(folder, '.codex')];
    mkdirSync(join(left, 'codex-lease-999999999-1-boot'), { recursive: true });
    mkdirSync(used);
    const line = { ...entry(999_999_999), startTime: 'x', placeholders: [left, used, join(folder, 'gone')] };
    writeFileSync(path, `${JSON.stringify(line)}\n`);
    new ProcessLedger(path).sweep();
    expect([existsSync(left), existsSync(used)]).toEqual([false, true]);
  });
});
