import { describe, expect, test } from 'vitest';
import { NO_REVIEW, parseReview, renderLogged, renderReview } from '../../../machines/review/review-output.ts';

const place = (path: string, start: number, end: number) => ({
  absolute_file_path: path,
  line_range: { start, end },
});
const finding = (title: string, body: string) => ({
  title,
  body,
  confidence_score: 0.5,
  priority: 2,
  code_location: place('/repo/a.ts', 3, 4),
});
const output = (findings: readonly ReturnType<typeof finding>[], explanation: string) => ({
  findings: [...findings],
  overall_correctness: 'patch is correct',
  overall_explanation: explanation,
  overall_confidence_score: 0.7,
});

describe("a reviewer's answer", () => {
  const whole = output([finding('[P2] One', 'Why.')], 'Fine but for one.');
  test.each([
    { name: 'as plain JSON', answer: JSON.stringify(whole), expected: whole },
    { name: 'in a fence', answer: `\`\`\`json\n${JSON.stringify(whole)}\n\`\`\``, expected: whole },
    { name: 'among words', answer: `Here it is: ${JSON.stringify(whole)} — done`, expected: whole },
    {
      name: 'without its lesser fields',
      answer: JSON.stringify({ findings: [{ title: 'T', code_location: place('/x', 1, 1) }] }),
      expected: {
        findings: [{ title: 'T', body: '', confidence_score: 0, priority: 0, code_location: place('/x', 1, 1) }],
        overall_correctness: '',
        overall_explanation: '',
        overall_confidence_score: 0,
      },
    },
    {
      name: 'as words alone',
      answer: ' Looks good. ',
      expected: { ...output([], 'Looks good.'), overall_correctness: '', overall_confidence_score: 0 },
    },
    {
      name: 'as other JSON',
      answer: '{"a": 1}',
      expected: { ...output([], '{"a": 1}'), overall_correctness: '', overall_confidence_score: 0 },
    },
  ])('is understood $name', ({ answer, expected }) => {
    expect(parseReview(answer)).toEqual(expected);
  });
});

describe('a review as text', () => {
  test.each([
    { name: 'nothing found', review: output([], 'All fine.'), text: 'All fine.' },
    {
      name: 'one finding',
      review: output([finding('[P2] One', 'Why.\n\nMore.')], 'Nearly.'),
      text: 'Nearly.\n\nReview comment:\n\n- [P2] One — /repo/a.ts:3-4\n  Why.\n\n  More.',
    },
    {
      name: 'two findings, no explanation',
      review: output([finding('One', 'a'), finding('Two', 'b')], ' '),
      text: 'Full review comments:\n\n- One — /repo/a.ts:3-4\n  a\n\n- Two — /repo/a.ts:3-4\n  b',
    },
    { name: 'nothing at all', review: output([], ''), text: NO_REVIEW },
  ])('$name', ({ review, text }) => {
    expect([renderReview(review), renderLogged(review)]).toEqual([text, text]);
  });

  test.each([null, undefined, 'x', { findings: 3 }])('a logged %j is none', (logged) => {
    expect(renderLogged(logged)).toBe(NO_REVIEW);
  });
});
