import * as v from 'valibot';

/** What a reviewer answers with, and how people read it (agent.md §17). */

const finding = v.object({
  title: v.string(),
  body: v.fallback(v.string(), ''),
  confidence_score: v.fallback(v.number(), 0),
  priority: v.fallback(v.number(), 0),
  code_location: v.object({
    absolute_file_path: v.string(),
    line_range: v.object({ start: v.number(), end: v.number() }),
  }),
});

const reviewOutput = v.object({
  findings: v.array(finding),
  overall_correctness: v.fallback(v.string(), ''),
  overall_explanation: v.fallback(v.string(), ''),
  overall_confidence_score: v.fallback(v.number(), 0),
});
export type ReviewOutput = v.InferOutput<typeof reviewOutput>;

/** Stands for a review without an answer. */
export const NO_REVIEW = 'The review ended without a result.';

/**
 * The answer of a reviewer. Around the JSON there may be words or a code fence; an answer that holds none is taken as
 * the explanation, so that nothing a reviewer said is lost.
 */
export function parseReview(answer: string): ReviewOutput {
  const [start, end] = [answer.indexOf('{'), answer.lastIndexOf('}')];
  for (const text of [answer, answer.slice(start, end + 1)]) {
    const parsed = v.safeParse(reviewOutput, parsedJson(text));
    if (parsed.success) return parsed.output;
  }
  return {
    findings: [],
    overall_correctness: '',
    overall_explanation: answer.trim(),
    overall_confidence_score: 0,
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A review as text: the explanation, then each finding with its place and its indented body. */
export function renderReview({ findings, overall_explanation }: ReviewOutput): string {
  const heading = findings.length === 1 ? 'Review comment:' : 'Full review comments:';
  const parts = [
    overall_explanation.trim(),
    ...(findings.length === 0 ? [] : [heading, ...findings.map((found) => renderFinding(found))]),
  ];
  return parts.filter((part) => part !== '').join('\n\n') || NO_REVIEW;
}

function renderFinding({ title, body, code_location }: ReviewOutput['findings'][number]): string {
  const { absolute_file_path: path, line_range: lines } = code_location;
  const text = body.split('\n').map((line) => `  ${line}`.trimEnd());
  return [`- ${title} — ${path}:${lines.start}-${lines.end}`, ...text].join('\n');
}

/** A logged review (`review_output` of the reference's item) as text. */
export function renderLogged(output: unknown): string {
  const parsed = v.safeParse(reviewOutput, output);
  return parsed.success ? renderReview(parsed.output) : NO_REVIEW;
}
