import * as v from 'valibot';
import { askedQuestions } from '../../machines/protocol/question-kinds.ts';
import type { UserInputQuestion } from '../../machines/protocol/types/approval.ts';
import { defineTool } from './define-tool.ts';

const MAX_QUESTIONS = 3;
const HEADER_CHARACTERS = 12;

const text = v.pipe(v.string(), v.trim(), v.minLength(1));

/** Asks the person for what only they can decide; the person may always answer in other words (agent.md §6). */
export const requestUserInputTool = defineTool({
  name: 'request_user_input',
  description:
    'Asks the user one to three short questions and waits for the answers. Works in Plan mode only. Ask for decisions that change the plan and that the files cannot tell; put the answer you would choose first.',
  params: v.object({
    questions: v.pipe(
      v.array(
        v.object({
          id: text,
          header: text,
          question: text,
          options: v.pipe(v.array(v.object({ label: text, description: v.string() })), v.minLength(1)),
        }),
      ),
      v.minLength(1),
      v.maxLength(MAX_QUESTIONS),
    ),
  }),
  jsonSchema: {
    properties: {
      questions: {
        type: 'array',
        description: `The questions, at most ${MAX_QUESTIONS}; one is best.`,
        items: {
          type: 'object',
          properties: {
            id: { type: 'string', description: 'Names the answer, in snake_case.' },
            header: { type: 'string', description: `A label of at most ${HEADER_CHARACTERS} characters.` },
            question: { type: 'string', description: 'The question, in one sentence.' },
            options: {
              type: 'array',
              description: 'Two or three answers that exclude each other. "Other" is added for you.',
              items: {
                type: 'object',
                properties: {
                  label: { type: 'string', description: 'The answer, in one to five words.' },
                  description: { type: 'string', description: 'What choosing it means, in one sentence.' },
                },
                required: ['label', 'description'],
                additionalProperties: false,
              },
            },
          },
          required: ['id', 'header', 'question', 'options'],
          additionalProperties: false,
        },
      },
    },
    required: ['questions'],
  },
  isOffered: ({ review }) => !review,
  prepare: async ({ questions }, { turn }) => {
    if (turn.settings.mode !== 'plan') return { answer: UNAVAILABLE };
    const twice = questions.find(({ id }, at) => questions.findIndex((other) => other.id === id) !== at);
    if (twice) return { answer: `failed to parse function arguments: two questions have the id ${twice.id}` };
    const asked = questions.map((question): UserInputQuestion => ({ ...question, isOther: true, isSecret: false }));
    return {
      facts: { kind: 'question' },
      item: null,
      question: {
        kind: 'userInput',
        command: null,
        cwd: null,
        ...askedQuestions(asked),
      },
      grantKeys: [],
      run: async ({ content }) => ({ output: JSON.stringify(content ?? { answers: {} }), ok: true, item: null }),
    };
  },
});

const UNAVAILABLE =
  'request_user_input is unavailable in Default mode: decide by yourself, and name the assumption in your answer.';
