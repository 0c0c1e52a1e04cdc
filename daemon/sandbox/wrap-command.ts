import type { SandboxPlan } from '../../machines/policy/sandbox.ts';
import { SandboxUnavailableError } from './errors.ts';
import { bwrapArgs } from './linux.ts';
import { seatbeltArgs } from './macos.ts';
import { placeholders } from './placeholders.ts';
import type { SandboxProbe } from './probe.ts';
import { type ResolvedPlan, resolvePlan } from './resolve-plan.ts';
import { isSeccompArch } from './seccomp.ts';
import { seccompFile } from './seccomp-file.ts';

/** A command inside its sandbox, ready to be started. */
export interface WrappedCommand {
  readonly argv: readonly string[];
  /** To be opened as descriptor `SECCOMP_FD` before `argv` starts; null: none is needed. */
  readonly filterPath: string | null;
  /** Folders that stand in the workspace until `release`. */
  readonly placeholders: readonly string[];
  /** To be called once, after the command has ended. */
  readonly release: () => void;
}

/** Rejects with SandboxUnavailableError; a command is never handed back unwrapped. */
export async function wrapCommand(
  argv: readonly string[],
  { cwd, plan, probe }: { cwd: string; plan: SandboxPlan; probe: SandboxProbe },
): Promise<WrappedCommand> {
  if (!probe.available) throw new SandboxUnavailableError(probe.reason, probe.mend);
  const resolved = await resolvePlan(plan);
  let isHeld = true;
  return {
    argv: [probe.program, ...sandboxArgs(probe.kind, resolved, cwd), ...argv],
    filterPath: probe.kind === 'bubblewrap' ? filterFor(resolved) : null,
    placeholders: resolved.placeholders,
    release: () => {
      if (isHeld) for (const path of resolved.placeholders) placeholders.release(path);
      isHeld = false;
    },
  };
}

function sandboxArgs(kind: 'bubblewrap' | 'seatbelt', resolved: ResolvedPlan, cwd: string): readonly string[] {
  return kind === 'bubblewrap' ? bwrapArgs(resolved, cwd) : seatbeltArgs(resolved);
}

function filterFor({ network }: ResolvedPlan): string {
  if (isSeccompArch(process.arch)) return seccompFile(process.arch, network);
  throw new SandboxUnavailableError(
    `there is no system-call filter for ${process.arch} processors`,
    'use x64 or arm64',
  );
}
