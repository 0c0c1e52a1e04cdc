import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { bwrapArgs, SECCOMP_FD } from './linux.ts';
import { isSeccompArch } from './seccomp.ts';
import { seccompFile } from './seccomp-file.ts';

export type SandboxProbe =
  | {
      readonly available: true;
      readonly kind: 'bubblewrap' | 'seatbelt';
      /** Absolute path of the program that makes the sandbox. */
      readonly program: string;
      /** Whether `env --default-signal` works, with which a terminal's Ctrl-C can spare the sandbox itself. */
      readonly resetsSignals: boolean;
    }
  | { readonly available: false; readonly reason: string; readonly mend: string };

export interface ProbeSurroundings {
  readonly platform: string;
  readonly arch: string;
  /** The daemon's own PATH; a client's could lead into a workspace. */
  readonly searchPath: string;
}

const PROBE_LIMIT_MS = 10_000;
const SYSTEM_FOLDERS = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin'];

/** Finds out by trying whether commands can be sandboxed here, and what a person can do when not. */
export async function probeSandbox(
  { platform, arch, searchPath }: ProbeSurroundings = {
    platform: process.platform,
    arch: process.arch,
    searchPath: [...SYSTEM_FOLDERS, process.env.PATH ?? ''].join(delimiter),
  },
): Promise<SandboxProbe> {
  if (platform === 'darwin') return probeSeatbelt();
  if (platform !== 'linux') return unavailable(`there is none for ${platform}`);
  if (!isSeccompArch(arch)) return unavailable(`there is no system-call filter for ${arch} processors`);

  const program = await findProgram('bwrap', searchPath);
  if (program === null) return { available: false, reason: NO_BWRAP, mend: await installCommand(searchPath) };

  const failure = await tryBubblewrap(program, seccompFile(arch, false));
  if (failure !== null)
    return { available: false, reason: failure, mend: mendFor(failure, await readKernelSwitches()) };
  return { available: true, kind: 'bubblewrap', program, resetsSignals: await canResetSignals() };
}

const NO_BWRAP = 'bubblewrap (bwrap) is not installed';
const WITHOUT = 'choose sandbox_mode = "danger-full-access" if commands may run unprotected';

function unavailable(reason: string): SandboxProbe {
  return { available: false, reason, mend: WITHOUT };
}

async function probeSeatbelt(): Promise<SandboxProbe> {
  const program = '/usr/bin/sandbox-exec';
  const failure = await failureOf(program, ['-p', '(version 1)(allow default)', '/usr/bin/true']);
  if (failure !== null) return { available: false, reason: `sandbox-exec failed: ${failure}`, mend: WITHOUT };
  return { available: true, kind: 'seatbelt', program, resetsSignals: false };
}

const EMPTY_PLAN = {
  ...{ writable: [], readOnly: [], frozen: [], hiddenFolders: [], hiddenFiles: [], masked: [], placeholders: [] },
  network: false,
};

/** Null when a command ran inside; else what bubblewrap said. */
function tryBubblewrap(program: string, filter: string): Promise<string | null> {
  const script = `exec ${SECCOMP_FD}<"$1"; shift; exec "$@"`;
  return failureOf('/bin/sh', [
    '-c',
    script,
    'sh',
    filter,
    program,
    ...bwrapArgs(EMPTY_PLAN, '/'),
    '/bin/sh',
    '-c',
    ':',
  ]);
}

async function canResetSignals(): Promise<boolean> {
  return (await failureOf('/usr/bin/env', ['--default-signal=INT', '/bin/sh', '-c', ':'])) === null;
}

function failureOf(program: string, args: readonly string[]): Promise<string | null> {
  return new Promise((settle) => {
    execFile(program, [...args], { timeout: PROBE_LIMIT_MS, encoding: 'utf8' }, (error, _stdout, stderr) => {
      settle(error === null ? null : stderr.trim().split('\n')[0] || error.message);
    });
  });
}

async function findProgram(name: string, searchPath: string): Promise<string | null> {
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

const INSTALLERS = [
  ['apt-get', 'sudo apt-get install bubblewrap'],
  ['dnf', 'sudo dnf install bubblewrap'],
  ['pacman', 'sudo pacman -S bubblewrap'],
  ['zypper', 'sudo zypper install bubblewrap'],
  ['apk', 'sudo apk add bubblewrap'],
] as const;

async function installCommand(searchPath: string): Promise<string> {
  for (const [program, command] of INSTALLERS) {
    if ((await findProgram(program, searchPath)) !== null) return command;
  }
  return 'install the package bubblewrap';
}

/** Kernel settings that forbid user namespaces; null where this kernel has no such setting. */
export interface KernelSwitches {
  readonly apparmorRestricts: string | null;
  readonly userNamespaces: string | null;
  readonly maxUserNamespaces: string | null;
}

async function readKernelSwitches(): Promise<KernelSwitches> {
  const read = async (path: string) => {
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch {
      return null;
    }
  };
  return {
    apparmorRestricts: await read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    userNamespaces: await read('/proc/sys/kernel/unprivileged_userns_clone'),
    maxUserNamespaces: await read('/proc/sys/user/max_user_namespaces'),
  };
}

/** The command, or the one sentence, that lets bubblewrap work after it failed with `failure`. */
export function mendFor(failure: string, switches: KernelSwitches): string {
  if (switches.apparmorRestricts === '1') return 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0';
  if (switches.userNamespaces === '0') return 'sudo sysctl -w kernel.unprivileged_userns_clone=1';
  if (switches.maxUserNamespaces === '0') return 'sudo sysctl -w user.max_user_namespaces=15000';
  if (/not permitted|permission|denied/i.test(failure)) {
    return 'in a container, start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined';
  }
  return 'run `bwrap --ro-bind / / --unshare-all true` to see what fails';
}
