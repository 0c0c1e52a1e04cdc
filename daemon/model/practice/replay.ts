import type { DoneCall } from './conversation.ts';
import { type Step, Stop, type Task } from './task.ts';
import { parseToolResult, type ToolResult } from './tool-result.ts';

/** Responses that one prompt may take, the answer among them. */
export const MAX_STEPS = 12;

const LIMIT_REACHED = `I stop here: this took ${MAX_STEPS} steps, and the practice model takes no more than that for one prompt.`;
const LOST =
  'The calls made for this prompt are not the ones I would have made, so I stop here. Ask me again to start afresh.';

/** A response that ends the turn. */
export function answer(text: string): Step {
  return { thought: null, text, calls: [] };
}

/**
 * The next step of a task: the task runs from its start, and each step that the conversation already answers is
 * handed its results. A step that was answered in part (a cut stream) is asked for its remaining calls only.
 */
export function replay(task: Task, done: readonly DoneCall[]): Step {
  try {
    return advance(task, done);
  } catch (error) {
    if (error instanceof Stop) return answer(error.message);
    throw error;
  }
}

function advance(task: Task, done: readonly DoneCall[]): Step {
  let results: readonly ToolResult[] = [];
  let position = 0;
  for (let step = 1; step < MAX_STEPS; step += 1) {
    const next = task.next(results);
    if (next.done) return answer(next.value);
    const { calls } = next.value;
    const answered = done.slice(position, position + calls.length);
    if (answered.some(({ name }, index) => name !== calls[index]?.name)) return answer(LOST);
    if (answered.length === 0) return next.value;
    if (answered.length < calls.length) return { thought: null, text: null, calls: calls.slice(answered.length) };
    results = answered.map(({ output }) => parseToolResult(output));
    position += calls.length;
  }
  const last = task.next(results);
  return last.done ? answer(last.value) : answer(LIMIT_REACHED);
}
