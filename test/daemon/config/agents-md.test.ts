import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAgentsMd } from '../../../daemon/config/agents-md.ts';

let top: string;
let home: string;
let repo: string;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'agents-'));
  home = join(top, 'home');
  repo = join(top, 'repo');
  await mkdir(home);
  await mkdir(join(repo, 'a/b'), { recursive: true });
});

afterEach(async () => rm(top, { recursive: true, force: true }));

/** Writes files below the temporary folder and loads with cwd `repo/a/b`. */
async function load(files: Readonly<Record<string, string | Uint8Array>>, more: object = {}) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(top, path)), { recursive: true });
    await writeFile(join(top, path), content);
  }
  const result = await loadAgentsMd({ home, cwd: join(repo, 'a/b'), projectRoot: repo, ...more });
  return {
    ...result,
    files: result.files.map((file) => file.slice(top.length + 1)),
    warnings: result.warnings.map((line) => line.replace(top, 'TOP')),
  };
}

describe('loadAgentsMd', () => {
  test('finds nothing in bare folders', async () => {
    expect(await load({})).toEqual({ text: null, files: [], warnings: [] });
  });

  test('takes a project file byte for byte', async () => {
    expect(await load({ 'repo/AGENTS.md': 'Use tabs.\n' })).toMatchObject({ text: 'Use tabs.\n' });
  });

  test('joins the own file and the folders from root to cwd', async () => {
    const loaded = await load({
      'home/AGENTS.md': '\nmine\n',
      'repo/AGENTS.md': 'root',
      'repo/a/AGENTS.md': '  \n',
      'repo/a/b/AGENTS.md': 'leaf',
      'AGENTS.md': 'above the root',
    });
    expect(loaded).toEqual({
      text: 'mine\n\n--- project-doc ---\n\nroot\n\nleaf',
      files: ['home/AGENTS.md', 'repo/AGENTS.md', 'repo/a/b/AGENTS.md'],
      warnings: [],
    });
  });

  test('takes the first of override, AGENTS.md and fallback names in each folder', async () => {
    const loaded = await load(
      {
        'home/AGENTS.override.md': ' ',
        'home/AGENTS.md': 'mine',
        'repo/AGENTS.override.md': 'over',
        'repo/AGENTS.md': 'hidden',
        'repo/a/CLAUDE.md': 'second fallback',
        'repo/a/b/RULES.md': 'first fallback',
        'repo/a/b/CLAUDE.md': 'hidden',
        'secret.md': 'not reached',
      },
      { fallbackNames: ['../../secret.md', 'RULES.md', 'CLAUDE.md'] },
    );
    expect(loaded.text).toBe('mine\n\n--- project-doc ---\n\nover\n\nsecond fallback\n\nfirst fallback');
  });

  test('looks only at cwd outside of a project', async () => {
    const loaded = await load({ 'repo/AGENTS.md': 'above', 'repo/a/b/AGENTS.md': 'here' }, { projectRoot: null });
    expect(loaded.files).toEqual(['repo/a/b/AGENTS.md']);
  });

  test.each([
    { maxBytes: 0, text: 'mine', warned: [] },
    { maxBytes: 4, text: 'mine\n\n--- project-doc ---\n\nroot', warned: [] },
    {
      maxBytes: 6,
      text: 'mine\n\n--- project-doc ---\n\nroot\n\nl',
      warned: ['TOP/repo/a/AGENTS.md is cut after 2 bytes (project_doc_max_bytes).'],
    },
    { maxBytes: 9, text: 'mine\n\n--- project-doc ---\n\nroot\n\nléaf', warned: [] },
  ])('counts project files only and cuts whole characters at $maxBytes bytes', async ({ maxBytes, text, warned }) => {
    const files = { 'home/AGENTS.md': 'mine', 'repo/AGENTS.md': 'root', 'repo/a/AGENTS.md': 'léaf' };
    const loaded = await load(files, { maxBytes });
    expect([loaded.text, loaded.warnings]).toEqual([text, warned]);
  });

  test('reads what is no UTF-8, and neither a folder nor a pipe', async () => {
    await mkdir(join(repo, 'AGENTS.md'));
    execFileSync('mkfifo', [join(repo, 'a/AGENTS.md')]);
    const loaded = await load({ 'repo/a/b/AGENTS.md': Uint8Array.of(0x61, 0xff, 0x62) });
    expect(loaded).toEqual({ text: 'a\uFFFDb', files: ['repo/a/b/AGENTS.md'], warnings: [] });
  });
});
