import * as v from 'valibot';

export const approvalPolicy = v.picklist(['untrusted', 'on-failure', 'on-request', 'never']);
export type ApprovalPolicy = v.InferOutput<typeof approvalPolicy>;

export const sandboxMode = v.picklist(['read-only', 'workspace-write', 'danger-full-access']);
export type SandboxMode = v.InferOutput<typeof sandboxMode>;

/** What a command may touch (protocol.md §10.3). */
export const sandboxPolicy = v.variant('type', [
  v.object({ type: v.literal('dangerFullAccess') }),
  v.object({ type: v.literal('readOnly'), networkAccess: v.optional(v.boolean(), false) }),
  v.object({
    type: v.literal('workspaceWrite'),
    writableRoots: v.optional(v.array(v.string()), []),
    networkAccess: v.optional(v.boolean(), false),
    excludeTmpdirEnvVar: v.optional(v.boolean(), false),
    excludeSlashTmp: v.optional(v.boolean(), false),
  }),
]);
export type WireSandboxPolicy = v.InferOutput<typeof sandboxPolicy>;
