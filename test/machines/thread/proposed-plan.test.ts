import { describe, expect, test } from 'vitest';
import { type AnswerPiece, divideAnswer, PlanSplitter } from '../../../machines/thread/proposed-plan.ts';
import fc from '../../support/fast-check.ts';

/** What comes of an answer that arrives in these pieces. */
function arriving(...deltas: readonly string[]): AnswerPiece[] {
  const splitter = new PlanSplitter();
  return [...deltas.flatMap((delta) => splitter.push(delta)), ...splitter.end()];
}

const joined = (pieces: readonly AnswerPiece[]) => {
  const of = (kind: AnswerPiece['kind']) =>
    pieces
      .filter((piece) => piece.kind === kind)
      .map(({ text }) => text)
      .join('');
  return { said: of('said'), planned: of('planned') };
};

describe('an answer that proposes a plan', () => {
  test('comes apart as it arrives, wherever it is cut', () => {
    expect(arriving('Before. ', '\n<propo', 'sed_plan>\n# Plan', '\n- one\n', '</proposed_', 'plan>\nAfter.')).toEqual([
      { kind: 'said', text: 'Before. ' },
      { kind: 'said', text: '\n' },
      { kind: 'planned', text: '# Plan' },
      { kind: 'planned', text: '\n' },
      { kind: 'planned', text: '- one\n' },
      { kind: 'said', text: 'After.' },
    ]);
  });

  test.each([
    { name: 'no plan', text: 'Just words', said: 'Just words', planned: null },
    { name: 'nothing', text: '', said: '', planned: null },
    { name: 'a plan alone', text: '<proposed_plan>\ndo it\n</proposed_plan>', said: '', planned: 'do it\n' },
    {
      name: 'blanks around a mark',
      text: ' <proposed_plan>\t\r\ndo it\n</proposed_plan> \n',
      said: '',
      planned: 'do it\n',
    },
    { name: 'a plan without an end', text: 'so:\n<proposed_plan>\ndo it', said: 'so:\n', planned: 'do it' },
    { name: 'an empty plan', text: '<proposed_plan>\n</proposed_plan>\nok', said: 'ok', planned: null },
    {
      name: 'a mark inside a line',
      text: 'write <proposed_plan>\nhere',
      said: 'write <proposed_plan>\nhere',
      planned: null,
    },
    { name: 'an end without a beginning', text: '</proposed_plan>\nx', said: '</proposed_plan>\nx', planned: null },
    {
      name: 'a mark inside the plan',
      text: '<proposed_plan>\n<proposed_plan>\n',
      said: '',
      planned: '<proposed_plan>\n',
    },
    { name: 'what only begins like a mark', text: '<proposed', said: '<proposed', planned: null },
    {
      name: 'two plans',
      text: '<proposed_plan>\na\n</proposed_plan>\nor\n<proposed_plan>\nb\n</proposed_plan>',
      said: 'or\n',
      planned: 'a\nb\n',
    },
  ])('$name', ({ text, said, planned }) => {
    expect(divideAnswer(text)).toEqual({ said, planned });
  });

  test('is the same in whatever pieces it comes, and keeps every line that is no mark', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '<proposed_plan>',
        '</proposed_plan>',
        ' <proposed_plan> ',
        '</proposed_plan>\r',
        '',
        '<',
        'x<proposed_plan>',
      ),
      fc.string({ maxLength: 8 }),
    );
    const answer = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(answer, fc.array(fc.nat(100), { maxLength: 8 }), (text, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
        const deltas = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(joined(arriving(...deltas))).toEqual(linewise(text));
      }),
    );
  });
});

/** The same by whole lines. */
function linewise(text: string): { said: string; planned: string } {
  const found = { said: '', planned: '' };
  let isInPlan = false;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === (isInPlan ? '</proposed_plan>' : '<proposed_plan>')) isInPlan = !isInPlan;
    else found[isInPlan ? 'planned' : 'said'] += index < lines.length - 1 ? `${line}\n` : line;
  }
  return found;
}
