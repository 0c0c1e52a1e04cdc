import type { ResponseItem } from '../model/response-item.ts';

const callIdOf = (item: ResponseItem): string | null =>
  item.type === 'function_call' || item.type === 'custom_tool_call' ? item.call_id : null;

const outputIdOf = (item: ResponseItem): string | null =>
  item.type === 'function_call_output' || item.type === 'custom_tool_call_output' ? item.call_id : null;

/**
 * The history as the model is sent it: the outputs of a run of calls stand right behind it, in the order of the calls,
 * whatever ended first and whatever a person said meanwhile (agent.md §1, step 3). The log keeps the order of events.
 */
export function orderOutputs(items: readonly ResponseItem[]): ResponseItem[] {
  const outputs = new Map<string, ResponseItem[]>();
  for (const item of items) {
    const id = outputIdOf(item);
    if (id !== null) outputs.set(id, [...(outputs.get(id) ?? []), item]);
  }
  const ordered: ResponseItem[] = [];
  let run: string[] = [];
  const closeRun = () => {
    for (const id of run) {
      const output = outputs.get(id)?.shift();
      if (output) ordered.push(output);
    }
    run = [];
  };
  for (const item of items) {
    if (outputIdOf(item) !== null) continue;
    const id = callIdOf(item);
    if (id === null) closeRun();
    ordered.push(item);
    if (id !== null) run.push(id);
  }
  closeRun();
  return ordered;
}
