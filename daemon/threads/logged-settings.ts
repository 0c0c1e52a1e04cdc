import * as v from 'valibot';
import { approvalPolicy, sandboxPolicy } from '../../machines/protocol/types/policy.ts';
import { modeKind, type ThreadSettings, threadSettings } from '../../machines/protocol/types/thread.ts';
import type { TurnContextLine } from '../../machines/thread/rollout-line.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';

/** Where, and with which model, a turn that goes on after a restart began, whatever the configuration says now. */
export function loggedSettings(line: TurnContextLine | null, otherwise: ThreadSettings): ThreadSettings {
  return line ? { ...otherwise, cwd: line.cwd, model: line.model, effort: line.effort ?? null } : otherwise;
}

const loggedCollaboration = v.object({
  mode: modeKind,
  settings: v.optional(v.object({ developer_instructions: v.optional(v.nullable(v.string()), null) })),
});

/** What somebody chose since the last turn; null for nothing, and for what this version cannot read. */
export function chosenSettings({ chosen }: ThreadRecord): ThreadSettings | null {
  const read = v.safeParse(threadSettings, chosen);
  return read.success ? read.output : null;
}

/** The mode of the last turn, and what the model was told about it: what the log does not tell is no plan. */
export function loggedMode(line: TurnContextLine | null): Pick<ThreadSettings, 'mode' | 'modeInstructions'> {
  const logged = v.safeParse(loggedCollaboration, line?.collaboration_mode);
  if (!logged.success) return { mode: 'default', modeInstructions: null };
  return { mode: logged.output.mode, modeInstructions: logged.output.settings?.developer_instructions ?? null };
}

/** When it asked and what its commands might touch; null for what the log does not tell. It may have been its own. */
export function loggedPolicy(line: TurnContextLine | null) {
  const approval = v.safeParse(approvalPolicy, line?.approval_policy);
  const sandbox = v.safeParse(sandboxPolicy, line && fromLog(line.sandbox_policy));
  return {
    approvalPolicy: approval.success ? approval.output : null,
    sandboxPolicy: sandbox.success ? sandbox.output : null,
  };
}

/** A policy in the words of the wire. */
function fromLog(policy: Readonly<Record<string, unknown>>): unknown {
  switch (policy.type) {
    case 'danger-full-access':
      return { type: 'dangerFullAccess' };
    case 'read-only':
      return { type: 'readOnly', networkAccess: false };
    case 'workspace-write':
      return {
        type: 'workspaceWrite',
        writableRoots: policy.writable_roots,
        networkAccess: policy.network_access,
        excludeTmpdirEnvVar: policy.exclude_tmpdir_env_var,
        excludeSlashTmp: policy.exclude_slash_tmp,
      };
    default:
      return null;
  }
}
