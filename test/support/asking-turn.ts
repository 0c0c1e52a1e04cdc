import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import type { ApprovalDecision } from '../../machines/protocol/types/approval.ts';
import { type ClientThread, startThread } from './client-turns.ts';
import { call, reply, type Step, text } from './fake-openai.ts';
import type { Scene } from './scene.ts';

/** A command that asks to run outside of the sandbox. */
export const escalated = (cmd: string, callId: string) =>
  call(
    'exec_command',
    { cmd, login: false, sandbox_permissions: 'require_escalated', justification: 'I need it' },
    { callId },
  );
/** A turn with one such command. */
export const asking: readonly Step[] = [reply([escalated('echo ran', 'c1')]), text('Thanks')];
export const onRequest = { approvalPolicy: 'on-request', sandbox: 'read-only' } as const;

/** A thread whose turn waits for an answer. */
export async function waiting(
  scene: Scene,
  name = 'asker',
): Promise<{ thread: ClientThread; turnId: string; approvalId: string }> {
  const thread = await startThread(await scene.connect({ name, terminal: '/dev/pts/1' }), onRequest);
  const turnId = await thread.prompt('go');
  const { params } = await thread.event('approval/requested');
  return { thread, turnId, approvalId: params.approvalId };
}

export const respond = (thread: ClientThread, approvalId: string, decision: ApprovalDecision) =>
  thread.client.request(approvalRespond, { threadId: thread.id, approvalId, decision });
