import * as v from 'valibot';
import { approvalPolicy, sandboxPolicy } from '../../machines/protocol/types/policy.ts';
import { collaborationMode, type ModeKind, type ThreadSettings } from '../../machines/protocol/types/thread.ts';
import type { TurnContextLine } from '../../machines/thread/rollout-line.ts';

/** Where, and with which model, a turn that goes on after a restart began, whatever the configuration says now. */
export function loggedSettings(line: TurnContextLine | null, otherwise: ThreadSettings): ThreadSettings {
  return line ? { ...otherwise, cwd: line.cwd, model: line.model, effort: line.effort ?? null } : otherwise;
}

/** The mode of the last turn: what the log does not tell is no plan. */
export function loggedMode(line: TurnContextLine | null): ModeKind {
  const logged = v.safeParse(v.pick(collaborationMode, ['mode']), line?.collaboration_mode);
  return logged.success ? logged.output.mode : 'default';
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
