import * as v from 'valibot';
import { defineNotification } from '../define.ts';
import { threadItem } from '../types/item.ts';

const ofItem = { threadId: v.string(), turnId: v.string(), itemId: v.string() };
const ofTurn = { threadId: v.string(), turnId: v.string() };

export const itemStarted = defineNotification({
  method: 'item/started',
  params: v.object({ ...ofTurn, item: threadItem, startedAtMs: v.number() }),
});
export const itemCompleted = defineNotification({
  method: 'item/completed',
  params: v.object({ ...ofTurn, item: threadItem, completedAtMs: v.number() }),
});
export const agentMessageDelta = defineNotification({
  method: 'item/agentMessage/delta',
  params: v.object({ ...ofItem, delta: v.string() }),
});
/** The plan that an answer proposes, in Plan mode. */
export const planDelta = defineNotification({
  method: 'item/plan/delta',
  params: v.object({ ...ofItem, delta: v.string() }),
});
export const reasoningSummaryPartAdded = defineNotification({
  method: 'item/reasoning/summaryPartAdded',
  params: v.object({ ...ofItem, summaryIndex: v.number() }),
});
export const reasoningSummaryTextDelta = defineNotification({
  method: 'item/reasoning/summaryTextDelta',
  params: v.object({ ...ofItem, summaryIndex: v.number(), delta: v.string() }),
});
export const reasoningTextDelta = defineNotification({
  method: 'item/reasoning/textDelta',
  params: v.object({ ...ofItem, contentIndex: v.number(), delta: v.string() }),
});
export const commandOutputDelta = defineNotification({
  method: 'item/commandExecution/outputDelta',
  params: v.object({ ...ofItem, delta: v.string() }),
});
export const terminalInteraction = defineNotification({
  method: 'item/commandExecution/terminalInteraction',
  params: v.object({ ...ofItem, processId: v.string(), stdin: v.string() }),
});
/** How far a running call of an MCP tool is. */
export const mcpToolCallProgress = defineNotification({
  method: 'item/mcpToolCall/progress',
  params: v.object({ ...ofItem, message: v.string() }),
});
