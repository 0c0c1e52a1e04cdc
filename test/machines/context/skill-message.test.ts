import { expect, test } from 'vitest';
import { mentionedSkills, skillMessage } from '../../../machines/context/skill-message.ts';

const skill = (name: string) => ({ name, description: name, path: `/skills/${name}/SKILL.md` });
const skills = [skill('deploy'), skill('write-docs'), { ...skill('deploy'), path: '/other' }];

test.each([
  { prompt: '$deploy it', called: ['/skills/deploy/SKILL.md'] },
  { prompt: 'first ($write-docs), then $deploy.', called: ['/skills/write-docs/SKILL.md', '/skills/deploy/SKILL.md'] },
  { prompt: '$deploy $deploy', called: ['/skills/deploy/SKILL.md'] },
  { prompt: 'deploy, x$deploy, $$deploy, $deployment, $DEPLOY', called: [] },
])('"$prompt" calls $called', ({ prompt, called }) => {
  expect(mentionedSkills(prompt, skills).map(({ path }) => path)).toEqual(called);
});

test('a skill is shown with its name and place', () => {
  expect(skillMessage(skill('deploy'), 'body\n')).toBe(
    '<skill>\n<name>deploy</name>\n<path>/skills/deploy/SKILL.md</path>\nbody\n\n</skill>',
  );
});
