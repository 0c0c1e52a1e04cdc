import { mentionedSkills, skillMessage } from '../../machines/context/skill-message.ts';
import type { SkillFacts } from '../../machines/context/skills-text.ts';
import { type ResponseItem, textMessage } from '../../machines/model/response-item.ts';
import { readSkillText } from './skill-file.ts';

/**
 * The skills that a prompt calls by name, for the model to read behind it. One that cannot be read is left out: the model
 * knows its path and sees for itself.
 */
export async function calledSkills(prompt: string, skills: readonly SkillFacts[]): Promise<ResponseItem[]> {
  const called = mentionedSkills(prompt, skills);
  const texts = await Promise.all(called.map(({ path }) => readSkillText(path)));
  return called.flatMap((skill, index) => {
    const text = texts[index];
    return text == null ? [] : [textMessage('user', skillMessage(skill, text))];
  });
}
