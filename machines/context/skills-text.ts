/** A skill as the model is told of it. */
export interface SkillFacts {
  readonly name: string;
  readonly description: string;
  /** Of its SKILL.md. */
  readonly path: string;
}

/** About 2 % of a usual window, in characters (agent.md §14). */
const MAX_LENGTH = 16_000;

/** The `<skills_instructions>` block; null when there is nothing to tell. */
export function skillsText(skills: readonly SkillFacts[]): string | null {
  if (skills.length === 0) return null;
  const lines: string[] = [];
  let length = 0;
  for (const { name, description, path } of skills) {
    const line = `- ${name}: ${description} (file: ${path})`;
    if (length + line.length > MAX_LENGTH) break;
    lines.push(line);
    length += line.length;
  }
  const rest = skills.length - lines.length;
  const more = rest > 0 ? [`(${rest} more are left out here)`] : [];
  return ['<skills_instructions>', INTRODUCTION, '', ...lines, ...more, '', RULES, '</skills_instructions>'].join('\n');
}

const INTRODUCTION =
  'Skills are instructions for kinds of work, each in a file of its own. These are there, with what each is for:';
const RULES = [
  'When the user names one ($name or its plain name), or the task clearly is what one is for, read its file first and do as it says.',
  'Paths in a skill are relative to its folder. Read further files of it only as they are needed. Do not mention skills that you do not use.',
].join('\n');
