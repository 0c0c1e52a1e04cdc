import * as v from 'valibot';
import { defineRequest } from '../define.ts';
import { presence } from '../types/thread.ts';

/** Ours: who is attached to a thread, with how long each was idle until now; nobody when it is not loaded. */
export const presenceList = defineRequest({
  method: 'presence/list',
  params: v.object({ threadId: v.string() }),
  result: v.object({ data: v.array(presence) }),
});
