import { describe, expect, test } from 'vitest';
import { switchedOff } from '../../../daemon/skills/find-skills.ts';
import { parseSkillHead } from '../../../daemon/skills/skill-file.ts';
import { skillsText } from '../../../machines/context/skills-text.ts';

const head = (...lines: string[]): string => `---\n${lines.join('\n')}\n---\n\n# Body\n`;

describe('the head of a SKILL.md', () => {
  test.each([
    {
      name: 'is read with its short description',
      text: head('name: one', 'description: Does one thing', 'metadata:', '  short-description: short'),
      is: { name: 'one', description: 'Does one thing', shortDescription: 'short' },
    },
    {
      name: 'may fold its text over lines',
      text: head('name: "two"', 'description: >-', '  first', '  second').replaceAll('\n', '\r\n'),
      is: { name: 'two', description: 'first second', shortDescription: null },
    },
  ])('$name', ({ text, is }) => {
    expect(parseSkillHead(text)).toEqual(is);
  });

  test.each([
    { text: '# no head\n', message: 'missing YAML frontmatter delimited by ---' },
    { text: head('name: x'), message: 'missing field `description`' },
    { text: head('description: x'), message: 'missing field `name`' },
    { text: head('name: [x', 'description: y'), message: /^invalid YAML: [^\n]+$/ },
    { text: head('- a list'), message: 'missing field `name`' },
    { text: head('a: &a [x]', 'name: *a', 'description: y'), message: /^invalid YAML|missing field/ },
  ])('is refused: $message', ({ text, message }) => {
    expect(() => parseSkillHead(text)).toThrow(message);
  });
});

test('the last entry that names a skill by file or name decides whether it is on', () => {
  const isOff = switchedOff({
    skills: {
      config: [
        { name: 'a', enabled: false },
        { path: '/a', enabled: true },
        { path: '/b', enabled: false },
      ],
    },
  });
  expect([
    isOff({ name: 'a', path: '/x' }),
    isOff({ name: 'a', path: '/a' }),
    isOff({ name: 'b', path: '/b' }),
  ]).toEqual([true, false, true]);
  expect(switchedOff({})({ name: 'a', path: '/a' })).toBe(false);
});

describe('what the model is told of skills', () => {
  test('is nothing without any', () => {
    expect(skillsText([])).toBeNull();
  });

  test('names each with its file, up to a length', () => {
    const skills = Array.from({ length: 300 }, (_, index) => ({
      ...{ name: `s${index}`, description: 'd'.repeat(100), path: `/s${index}/SKILL.md` },
    }));
    const text = skillsText(skills) ?? '';
    expect(text).toContain(`- s0: ${'d'.repeat(100)} (file: /s0/SKILL.md)\n`);
    expect(text).toMatch(/\(\d+ more are left out here\)/);
    expect(text.length).toBeLessThan(17_000);
    expect(text).toMatch(/^<skills_instructions>\n[\s\S]*\n<\/skills_instructions>$/);
  });
});
