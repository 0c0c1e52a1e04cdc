import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../daemon/deps.ts';
import { ProcessLedger } from '../../../daemon/exec/process-ledger.ts';
import { createSpawnCommand, type SpawnCommand, type SpawnRequest } from '../../../daemon/exec/spawn-command.ts';
import { loadNodePty } from '../../../daemon/exec/terminal.ts';
import { probeSandbox } from '../../../daemon/sandbox/probe.ts';
import type { SandboxPolicy } from '../../../machines/policy/sandbox.ts';

export const fullAccess: SandboxPolicy = { type: 'dangerFullAccess' };
export const readOnly: SandboxPolicy = { type: 'readOnly', networkAccess: false };

/** Writes in cwd only: the shared temporary folder would let tests see each other. */
export const workspaceWrite: SandboxPolicy & { type: 'workspaceWrite' } = {
  type: 'workspaceWrite',
  writableRoots: [],
  networkAccess: false,
  excludeTmpdirEnvVar: true,
  excludeSlashTmp: true,
};

/** Sandbox tests may be left out on a developer's machine, never in CI. */
export const lacksSandbox = process.env.CI !== 'true' && !(await probeSandbox()).available;

export interface CommandHarness {
  readonly folder: string;
  readonly workspace: string;
  readonly ledger: ProcessLedger;
  readonly spawnCommand: SpawnCommand;
  /** Runs to the end; `script` is for /bin/sh. */
  run(script: string, changes?: Partial<SpawnRequest>): Promise<{ exitCode: number; output: string }>;
  request(script: string, changes?: Partial<SpawnRequest>): SpawnRequest;
  remove(): void;
}

/** A folder of its own with a workspace, and a spawner on the real system. */
export function createCommandHarness(): CommandHarness {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codex-exec-')));
  const workspace = join(folder, 'work');
  mkdirSync(workspace);
  const ledger = new ProcessLedger(join(folder, 'children.jsonl'));
  const spawnCommand = createSpawnCommand({
    clock: systemClock,
    ledger,
    probe: () => probeSandbox(),
    loadPty: loadNodePty,
  });
  const request: CommandHarness['request'] = (script, changes = {}) => ({
    threadId: 'thread-1',
    callId: 'call-1',
    argv: ['/bin/sh', '-c', script],
    cwd: workspace,
    env: { PATH: process.env.PATH ?? '', CODEX_THREAD_ID: 'thread-1', TERM: 'dumb' },
    umask: 0o022,
    policy: fullAccess,
    tmpdir: null,
    hidden: [],
    tty: false,
    onOutput: () => undefined,
    ...changes,
  });
  return {
    folder,
    workspace,
    ledger,
    spawnCommand,
    request,
    run: async (script, changes) => {
      let output = '';
      const onOutput = (text: string) => {
        output += text;
      };
      const running = await spawnCommand(request(script, { ...changes, onOutput }));
      return { exitCode: await running.exited, output };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Text that output will contain: what a test waits for instead of waiting some time. */
export function createOutputWatch(): {
  onOutput: (text: string) => void;
  saw: (part: string) => Promise<void>;
  all: () => string;
} {
  let output = '';
  const waiting = new Set<() => void>();
  return {
    all: () => output,
    onOutput: (text) => {
      output += text;
      for (const look of [...waiting]) look();
    },
    saw: (part) =>
      new Promise((settle) => {
        const look = () => {
          if (!output.includes(part)) return;
          waiting.delete(look);
          settle();
        };
        waiting.add(look);
        look();
      }),
  };
}
