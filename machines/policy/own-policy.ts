import type { ClientTag } from '../protocol/types/item.ts';
import type { ApprovalPolicy, WireSandboxPolicy } from '../protocol/types/policy.ts';

/** When to ask, and what commands may touch. */
export interface Policy {
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: WireSandboxPolicy;
}

/** What one client asked for its own turns; null: as the thread has it. */
export interface OwnPolicy {
  readonly approvalPolicy: Policy['approvalPolicy'] | null;
  readonly sandboxPolicy: Policy['sandboxPolicy'] | null;
}

export const NO_OWN_POLICY: OwnPolicy = { approvalPolicy: null, sandboxPolicy: null };

const APPROVAL_RANKS: Readonly<Record<ApprovalPolicy, number>> = {
  untrusted: 0,
  'on-request': 1,
  'on-failure': 2,
  never: 3,
};
const SANDBOX_RANKS = { readOnly: 0, workspaceWrite: 1, dangerFullAccess: 2 } as const;

/**
 * Divides what a client asks for between the thread and the client: what is stricter than the thread's, or the same,
 * is for everybody; what is looser covers only the turns of the client that asked, so that nobody's commands run
 * unasked because another one trusts the model more (DESIGN §3).
 */
export function dividePolicy(shared: Policy, asked: Policy): { readonly shared: Policy; readonly own: OwnPolicy } {
  const isApprovalOwn = APPROVAL_RANKS[asked.approvalPolicy] > APPROVAL_RANKS[shared.approvalPolicy];
  const isSandboxOwn = !allowsAtMost(asked.sandboxPolicy, shared.sandboxPolicy);
  return {
    shared: {
      approvalPolicy: isApprovalOwn ? shared.approvalPolicy : asked.approvalPolicy,
      sandboxPolicy: isSandboxOwn ? shared.sandboxPolicy : asked.sandboxPolicy,
    },
    own: {
      approvalPolicy: isApprovalOwn ? asked.approvalPolicy : null,
      sandboxPolicy: isSandboxOwn ? asked.sandboxPolicy : null,
    },
  };
}

/** Whether one policy lets a command touch nothing that the other does not. */
function allowsAtMost(one: WireSandboxPolicy, other: WireSandboxPolicy): boolean {
  if (one.type !== other.type)
    return SANDBOX_RANKS[one.type] < SANDBOX_RANKS[other.type] && !reachesFurther(one, other);
  if (one.type !== 'workspaceWrite' || other.type !== 'workspaceWrite') return !reachesFurther(one, other);
  return (
    !reachesFurther(one, other) &&
    one.writableRoots.every((root) => other.writableRoots.includes(root)) &&
    (one.excludeSlashTmp || !other.excludeSlashTmp) &&
    (one.excludeTmpdirEnvVar || !other.excludeTmpdirEnvVar)
  );
}

const hasNetwork = (policy: WireSandboxPolicy): boolean => policy.type === 'dangerFullAccess' || policy.networkAccess;
const reachesFurther = (one: WireSandboxPolicy, other: WireSandboxPolicy): boolean =>
  hasNetwork(one) && !hasNetwork(other);

/** A policy with what a client asked for its own turns. */
export function withOwnPolicy<P extends Policy>(shared: P, own: OwnPolicy): P {
  return {
    ...shared,
    approvalPolicy: own.approvalPolicy ?? shared.approvalPolicy,
    sandboxPolicy: own.sandboxPolicy ?? shared.sandboxPolicy,
  };
}

/** One client over its reconnects: its program, process and terminal, or the connection when it tells no process. */
export function clientKey({ clientId, name, pid, terminal }: ClientTag): string {
  return pid === null ? clientId : JSON.stringify([name, pid, terminal]);
}
