import type { Task } from '../task.ts';

export const EXAMPLES = [
  'list this folder and explain it',
  'show README.md',
  'run the tests',
  'fix the bug',
  'create a file notes.txt with the content "hello"',
  'replace "hello" with "goodbye" in notes.txt',
  'run `git status`',
  'write a note outside the workspace, with my approval',
] as const;

/** An honest answer to everything that is no known request. */
export function* about(): Task {
  return [
    'I am the practice model: a small built-in program, not a language model. I stand in while no account is set up, so that you can see how this program works: I really call its tools, under the same sandbox and the same approvals, but I understand only a handful of plain requests and know nothing about the world. For real answers sign in with `codex login`, or set a provider in config.toml.',
    `You can try:\n\n${EXAMPLES.map((example) => `- ${example}`).join('\n')}`,
  ].join('\n\n');
}
