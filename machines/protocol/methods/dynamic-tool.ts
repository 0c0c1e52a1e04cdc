import * as v from 'valibot';
import { defineRequest } from '../define.ts';
import { dynamicToolContent } from '../types/dynamic-tool.ts';

/** Has the client that declared a tool in `thread/start` carry out a call of it (protocol.md §9.5). */
export const dynamicToolCall = defineRequest({
  method: 'item/tool/call',
  params: v.object({
    threadId: v.string(),
    turnId: v.string(),
    callId: v.string(),
    namespace: v.nullish(v.string()),
    tool: v.string(),
    arguments: v.unknown(),
  }),
  result: v.object({ contentItems: v.array(dynamicToolContent), success: v.boolean() }),
});
