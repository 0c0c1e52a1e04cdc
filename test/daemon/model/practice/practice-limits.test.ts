import { expect, test } from 'vitest';
import { SUMMARY_OPENING } from '../../../../daemon/model/practice/conversation.ts';
import { nextStep } from '../../../../daemon/model/practice/practice-agent.ts';
import { MAX_STEPS } from '../../../../daemon/model/practice/replay.ts';
import { EXAMPLES } from '../../../../daemon/model/practice/tasks/about.ts';
import fc from '../../../support/fast-check.ts';
import { contextItems, execOutput } from './practice-session.ts';

const TOOLS = ['exec_command', 'write_stdin', 'update_plan', 'apply_patch'].map((name) => ({ type: 'function', name }));

/** Answers every call with the next of the outputs; gives the number of steps and the answer. */
function drive(
  prompt: string,
  outputs: readonly string[],
  tools: readonly object[] = TOOLS,
): { steps: number; answer: string | null } {
  const input: object[] = [...contextItems('/project'), message('user', prompt)];
  let count = 0;
  for (let steps = 1; ; steps += 1) {
    const step = nextStep({ model: 'practice', input, tools });
    if (step === null) throw new Error('no step');
    if (step.calls.length === 0 || steps > 50) return { steps, answer: step.text };
    for (const call of step.calls) {
      const callId = `call_${count}`;
      const output = outputs[count % Math.max(1, outputs.length)] ?? '';
      count += 1;
      if (call.kind === 'custom') {
        input.push({ type: 'custom_tool_call', call_id: callId, name: call.name, input: call.input });
        input.push({ type: 'custom_tool_call_output', call_id: callId, output });
      } else {
        const text = JSON.stringify(call.arguments);
        input.push({ type: 'function_call', call_id: callId, name: call.name, arguments: text });
        input.push({ type: 'function_call_output', call_id: callId, output });
      }
    }
  }
}

function message(role: 'user' | 'assistant', text: string): object {
  return { type: 'message', role, content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }] };
}

const FAILING = 'not ok 1 - a test\n  expected: 1\n  actual: 2\n  at (/project/test/a.test.js:3:1)\n';
const LISTING = '-rw-r--r-- 1 me me 10 Jan  1 12:00 package.json\n';
const RUNNING =
  'Chunk ID: abc123\nWall time: 10.0000 seconds\nProcess running with session ID 7\nOriginal token count: 0\nOutput:\n';
const output = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.tuple(fc.string(), fc.integer({ min: 0, max: 255 })).map(([text, code]) => execOutput(text, code)),
  fc.constantFrom(
    execOutput(FAILING, 1),
    execOutput(LISTING, 0),
    RUNNING,
    'rejected by user',
    'Plan updated',
    'aborted',
  ),
);
const word = fc.constantFrom(
  ...'run the tests fix bug list folder create file a.txt with content replace "x" to in README.md `ls` approval outside show and add line again'.split(
    ' ',
  ),
);
const prompt = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(word, { maxLength: 20 }).map((words) => words.join(' ')),
  fc.constantFrom(...EXAMPLES),
);

test('whatever is asked and whatever the tools say, an answer comes within 12 steps', () => {
  fc.assert(
    fc.property(prompt, fc.array(output, { minLength: 1, maxLength: 8 }), (asked, outputs) => {
      const { steps, answer } = drive(asked, outputs);
      expect(steps).toBeLessThanOrEqual(MAX_STEPS);
      expect(answer?.trim()).not.toBe('');
      expect(answer).not.toBeNull();
    }),
    { numRuns: 500 },
  );
});

test('a command that never ends is left running', () => {
  const { steps, answer } = drive('run `sleep 1000`', [RUNNING]);

  expect(steps).toBe(5);
  expect(answer).toContain('still running (session 7)');
});

test('where no command tool is offered it says so', () => {
  expect(drive('run the tests', [], [{ type: 'function', name: 'view_image' }])).toEqual({
    steps: 1,
    answer: 'I was offered no tool that runs commands, so I can only talk here.',
  });
});

test('a long prompt of hostile repetition is answered without delay', () => {
  expect(drive('replace a with '.repeat(6_000), []).steps).toBe(1);
  expect(drive('in replace x to in '.repeat(200), []).steps).toBe(1);
});

test('everything that is no known request gets an honest answer with things to try', () => {
  const { steps, answer } = drive('What is the capital of France?', []);

  expect(steps).toBe(1);
  expect(answer).toContain('I am the practice model: a small built-in program, not a language model.');
  for (const example of EXAMPLES) expect(answer).toContain(`- ${example}`);
});

test('a request without tools asks for a summary, and the summary is not taken for a prompt', () => {
  const before = [message('user', 'show README.md'), message('assistant', 'Here it is.')];
  const step = nextStep({ input: [...before, message('user', 'Summarise the conversation.')] });
  const summary = step?.text ?? '';

  expect(summary).toBe(`${SUMMARY_OPENING}\n\nThe person asked:\n- show README.md\n\nThe last answer was: Here it is.`);

  const shortened = [message('user', 'show README.md'), message('user', `Preface.\n${summary}`)];
  expect(nextStep({ input: shortened, tools: TOOLS })?.text).toContain('The conversation was shortened');
  expect(nextStep({ input: [...shortened, message('user', 'run `ls`')], tools: TOOLS })?.calls).toHaveLength(1);
});

test('after a stream that was cut between two calls only the missing call is made', () => {
  const input = [
    message('user', 'show a.txt and b.txt'),
    { type: 'function_call', call_id: 'one', name: 'exec_command', arguments: '{"cmd":"cat a.txt"}' },
    { type: 'function_call_output', call_id: 'one', output: execOutput('a\n', 0) },
  ];
  const step = nextStep({ input, tools: TOOLS });

  expect(step).toEqual({
    thought: null,
    text: null,
    calls: [
      {
        kind: 'function',
        name: 'exec_command',
        arguments: { cmd: 'cat b.txt', login: false, max_output_tokens: 6_000 },
      },
    ],
  });
});

test('calls that are not its own are not mistaken for them', () => {
  const input = [
    message('user', 'show a.txt'),
    { type: 'function_call', call_id: 'one', name: 'view_image', arguments: '{}' },
    { type: 'function_call_output', call_id: 'one', output: 'x' },
  ];

  expect(nextStep({ input, tools: TOOLS })?.text).toContain('not the ones I would have made');
});

test.each([
  { policy: 'Approval policy: never. Nobody is asked.', asks: false },
  { policy: 'Approval policy is currently never.', asks: false },
  { policy: 'Approval policy: on-request. Ask, and never to get around a refusal.', asks: true },
])('it reads in the permissions whether anybody can be asked: $policy', ({ policy, asks }) => {
  const text = `<permissions instructions>\n${policy}\n</permissions instructions>`;
  const input = [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text }] },
    message('user', 'run `touch x`'),
    { type: 'function_call', call_id: 'one', name: 'exec_command', arguments: '{}' },
    { type: 'function_call_output', call_id: 'one', output: execOutput('Read-only file system\n', 1) },
  ];

  expect(nextStep({ input, tools: TOOLS })?.calls).toHaveLength(asks ? 1 : 0);
});

test.each([null, 7, [], {}, { input: 3 }])('a body without input gives no step: %j', (body) => {
  expect(nextStep(body)).toBeNull();
});
