import type { SkillFacts } from './skills-text.ts';

/** A name behind a `$` that begins a word; `$HOME/bin` and `$$x` call nothing unless a skill has that very name. */
const MENTION = /(?<![\w$])\$([\w-]+)/g;

/** The skills that a prompt calls by name (`$name`), in its order, each once (agent.md §14). */
export function mentionedSkills(prompt: string, skills: readonly SkillFacts[]): readonly SkillFacts[] {
  const names = new Set([...prompt.matchAll(MENTION)].map(([, name]) => name));
  return [...names].flatMap((name) => skills.find((skill) => skill.name === name) ?? []);
}

/** A whole skill as the model reads it behind the prompt. */
export function skillMessage({ name, path }: SkillFacts, text: string): string {
  return `<skill>\n<name>${name}</name>\n<path>${path}</path>\n${text}\n</skill>`;
}
