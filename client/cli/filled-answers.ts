import type { AnswerContent, OpenApproval, UserInputQuestion } from '../../machines/protocol/types/approval.ts';
import { CliError } from './cli-error.ts';
import { elicitationRows, filledForm } from './elicitation-answers.ts';
import { exitCodes } from './exit-codes.ts';

/**
 * Words of a command line as answers. To the form of an MCP server: `NAME=VALUE` each. To the questions of the model: one
 * for each in their order, where a number from 1 chooses an option, and so does its label; anything else is an answer in
 * other words.
 * @throws CliError usage
 */
export function filledAnswers({ approvalId, form }: OpenApproval, given: readonly string[]): AnswerContent {
  if (form?.type === 'mcpForm') return filledForm(approvalId, form.schema, given);
  if (form?.type !== 'userInput') {
    throw new CliError(`${approvalId} asks for a decision: allow or deny it`, exitCodes.usage);
  }
  const { questions } = form;
  if (given.length !== questions.length) {
    const count = `${questions.length} ${questions.length === 1 ? 'question' : 'questions'}`;
    throw new CliError(`${approvalId} asks ${count}: give one answer for each`, exitCodes.usage);
  }
  return {
    answers: Object.fromEntries(questions.map((question, at) => [question.id, answerTo(question, given[at] ?? '')])),
  };
}

function answerTo({ options }: UserInputQuestion, given: string): { answers: string[] } {
  const chosen =
    options?.[/^\d+$/.test(given) ? Number(given) - 1 : -1] ??
    options?.find(({ label }) => label.toLowerCase() === given.toLowerCase());
  return { answers: [chosen?.label ?? given] };
}

/** What is to be filled in, with its options by number, a row each. */
export function questionRows({ form }: OpenApproval): string[] {
  if (!form) return [];
  if (form.type !== 'userInput') return elicitationRows(form);
  return form.questions.flatMap(({ header, question, options }) => [
    `${header}: ${question}`,
    ...(options ?? []).map(({ label, description }, at) => `  ${at + 1} ${label}${description && `: ${description}`}`),
  ]);
}
