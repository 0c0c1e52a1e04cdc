import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WAIT_LIMIT_MS } from '../../support/wait-limit.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codex-tui-crash-'));
  await build({
    entryPoints: [resolve(import.meta.dirname, 'crash-entry.ts')],
    outfile: join(folder, 'entry.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['blessed'],
    logLevel: 'error',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts the process, gives it a key once the screen is there, waits for its end. */
function crash(how: string): Promise<{ code: number | null; output: string; errors: string }> {
  const env = { ...process.env, NODE_PATH: resolve('node_modules') };
  const child = spawn(process.execPath, [join(folder, 'entry.cjs'), how], { env, timeout: WAIT_LIMIT_MS });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (!output.includes('it runs') && (output + chunk).includes('it runs')) child.stdin.write('x');
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code) => settle({ code, output, errors }));
  });
}

describe('a process that dies', () => {
  const restored = /\[\?1004l.{0,2}\[<u.{0,2}\[\?2004l[\s\S]*\[\?1049l/;

  test('of an exception restores the terminal first and reports it', async () => {
    const { code, output, errors } = await crash('throw');
    expect({ code, errors }).toEqual({ code: 3, errors: 'Error: something broke' });
    expect(output).toMatch(restored);
  });

  test('by its own exit restores the terminal', async () => {
    const { code, output } = await crash('exit');
    expect(code).toBe(4);
    expect(output).toMatch(restored);
  });
});
