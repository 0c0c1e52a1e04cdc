import { existsSync } from 'node:fs';
import { VERSION } from '../../machines/core/version.ts';
import { childEnvironment } from '../../machines/exec/child-environment.ts';
import type { ExecRequest } from '../exec/process-table.ts';
import { providerKeys, shellPolicyOf } from '../exec/shell-policy.ts';
import { type TurnRun, tmpdirOf } from '../threads/turn-run.ts';

/** Where and as whom a command of this turn runs; also used for writing patches. */
export function commandPlace(
  turn: TurnRun,
  callId: string,
  outside: boolean,
): Pick<ExecRequest, 'threadId' | 'callId' | 'env' | 'umask' | 'policy' | 'tmpdir' | 'hidden' | 'guarded'> {
  const { environment } = turn.prompt;
  const { config } = turn.loaded;
  const policy = outside ? ({ type: 'dangerFullAccess' } as const) : turn.sandboxPolicy;
  return {
    threadId: turn.threadId,
    callId,
    umask: environment.umask,
    policy,
    tmpdir: tmpdirOf(turn),
    hidden: turn.tools.hidden,
    guarded: turn.tools.guarded,
    env: childEnvironment(environment.variables, shellPolicyOf(config), {
      threadId: turn.threadId,
      callId,
      version: VERSION,
      networkDisabled: policy.type !== 'dangerFullAccess' && !policy.networkAccess,
      forbidden: providerKeys(config),
      permissionProfile: PROFILES[policy.type],
    }),
  };
}

const PROFILES = {
  dangerFullAccess: ':danger-full-access',
  readOnly: ':read-only',
  workspaceWrite: ':workspace',
} as const;

/** The client's shell, when it is one that exists here; else bash, else sh. */
export function shellIn({ SHELL }: Readonly<Record<string, string>>): string {
  return [SHELL, '/bin/bash', '/usr/bin/bash'].find((path) => path?.startsWith('/') && existsSync(path)) ?? '/bin/sh';
}

/** The shell of the client that submitted the turn. */
export const shellOf = ({ prompt }: TurnRun): string => shellIn(prompt.environment.variables);
