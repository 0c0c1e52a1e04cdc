import { expect, test } from 'vitest';
import { PlannedAnswer } from '../../../daemon/actors/planned-answer.ts';

/** An answer, and what is shown of it. */
function shown() {
  const said: string[] = [];
  const answer = new PlannedAnswer({
    start: (type) => {
      said.push(`start ${type}`);
      return { type, id: type, text: '' };
    },
    say: ({ type }, delta) => said.push(`${type} ${JSON.stringify(delta)}`),
  });
  return { answer, said };
}

const PLAN_LAST = 'I looked.\n<proposed_plan>\nRead\n</proposed_plan>';
const PLAN_FIRST = '<proposed_plan>\nRead\n</proposed_plan>\nSay when.';

test.each([
  { name: 'words and then the plan', text: PLAN_LAST, ends: ['agentMessage', 'plan'] },
  { name: 'the plan and then words', text: PLAN_FIRST, ends: ['plan', 'agentMessage'] },
  { name: 'blank lines around a plan', text: `\n${PLAN_FIRST.split('Say')[0]}\n`, ends: ['plan'] },
  { name: 'blanks alone', text: ' \n', ends: [] },
])('$name end in the order in which they began, in pieces or at once', ({ text, ends }) => {
  for (const pieces of [Array.from(text), [text], []]) {
    const { answer, said } = shown();
    for (const piece of pieces) answer.push(piece);
    expect(answer.finish(text).map(({ type }) => type)).toEqual(ends);
    expect(said.filter((what) => what.startsWith('start'))).toEqual(ends.map((type) => `start ${type}`));
  }
});

test('what the server sends whole counts, where its pieces say something else', () => {
  const { answer, said } = shown();
  answer.push('Hm');
  expect(answer.finish(PLAN_FIRST)).toEqual([
    { type: 'agentMessage', id: 'agentMessage', text: 'Say when.' },
    { type: 'plan', id: 'plan', text: 'Read\n' },
  ]);
  expect(said).toEqual(['start agentMessage', 'agentMessage "Hm"', 'start plan']);
});
