import type { ResponseItem } from './response-item.ts';

/**
 * Makes a history fit to be sent: every call has exactly one output, after it, and no output stands without its
 * call (agent.md §20, trap 2: also after an interrupt or a crash). Nothing else is touched, and a fit history
 * comes back unchanged, so that the prompt prefix stays cacheable.
 */
export function sanitizeHistory(items: readonly ResponseItem[]): readonly ResponseItem[] {
  const outputs = pairOutputs(items);
  const paired = new Set(outputs.values());
  const added = placeAborted(items, outputs);
  return items.flatMap((item, index) => {
    const isOrphan = outputKey(item) !== null && !paired.has(index);
    return [...(isOrphan ? [] : [item]), ...(added.get(index) ?? [])];
  });
}

/**
 * Index of each answered call -> index of its output. Servers use call ids again: side by side, the outputs belong
 * to the calls in their order; later, the id belongs to the newer call.
 */
function pairOutputs(items: readonly ResponseItem[]): ReadonlyMap<number, number> {
  const openCalls = new Map<string, number[]>();
  const outputs = new Map<number, number>();
  let runStart = 0;
  items.forEach((item, index) => {
    const call = abortedOutput(item);
    if (call) {
      if (!isCall(items[index - 1])) runStart = index;
      const sameRun = (openCalls.get(call.key) ?? []).filter((open) => open >= runStart);
      openCalls.set(call.key, [...sameRun, index]);
    }
    const key = outputKey(item);
    const callIndex = key === null ? undefined : openCalls.get(key)?.shift();
    if (callIndex !== undefined) outputs.set(callIndex, index);
  });
  return outputs;
}

/**
 * Index of an item -> the outputs to put behind it. Calls that stand in one run keep their outputs in the order of
 * the calls: a missing one goes behind the output of the call before it, yet never behind a newer call of its id.
 */
function placeAborted(
  items: readonly ResponseItem[],
  outputs: ReadonlyMap<number, number>,
): ReadonlyMap<number, readonly ResponseItem[]> {
  const added = new Map<number, ResponseItem[]>();
  let end = -1;
  let anchor = -1;
  items.forEach((item, index) => {
    const call = abortedOutput(item);
    if (!call) return;
    if (!isCall(items[index - 1])) {
      end = runEnd(items, index);
      anchor = end;
    }
    const output = outputs.get(index);
    if (output !== undefined) {
      anchor = Math.max(anchor, output);
      return;
    }
    const isReused = items.slice(end + 1, anchor + 1).some((later) => abortedOutput(later)?.key === call.key);
    const place = isReused ? end : anchor;
    added.set(place, [...(added.get(place) ?? []), call.output]);
  });
  return added;
}

function runEnd(items: readonly ResponseItem[], start: number): number {
  let end = start;
  while (isCall(items[end + 1])) end += 1;
  return end;
}

function isCall(item: ResponseItem | undefined): boolean {
  return item !== undefined && abortedOutput(item) !== null;
}

/** The output of a call that never got one, and the key under which call and output find each other. */
function abortedOutput(item: ResponseItem): { key: string; output: ResponseItem } | null {
  switch (item.type) {
    case 'function_call':
      return abortedFunction(item.call_id);
    case 'local_shell_call':
      return item.call_id == null ? null : abortedFunction(item.call_id);
    case 'custom_tool_call':
      return {
        key: `custom:${item.call_id}`,
        output: { type: 'custom_tool_call_output', call_id: item.call_id, output: 'aborted' },
      };
    case 'tool_search_call':
      // Without a call id the server itself ran the search, and wants no output.
      return item.call_id == null ? null : abortedSearch(item.call_id);
    default:
      return null;
  }
}

function abortedFunction(callId: string): { key: string; output: ResponseItem } {
  return {
    key: `function:${callId}`,
    output: { type: 'function_call_output', call_id: callId, output: 'aborted' },
  };
}

function abortedSearch(callId: string): { key: string; output: ResponseItem } {
  const answer = { status: 'completed', execution: 'client', tools: [] };
  return { key: `search:${callId}`, output: { type: 'tool_search_output', call_id: callId, ...answer } };
}

function outputKey(item: ResponseItem): string | null {
  switch (item.type) {
    case 'function_call_output':
      return `function:${item.call_id}`;
    case 'custom_tool_call_output':
      return `custom:${item.call_id}`;
    case 'tool_search_output':
      return item.call_id == null ? null : `search:${item.call_id}`;
    default:
      return null;
  }
}
