import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SeccompArch, seccompProgram } from './seccomp.ts';

const openFiles = new Map<string, number>();

/**
 * A path that a child can open to read the filter, for as long as this process lives.
 * The file itself is unlinked at once, so that no command can ever change the filter of the next one. A new
 * descriptor opened through /proc starts at the first byte: children do not disturb each other.
 */
export function seccompFile(arch: SeccompArch, network: boolean): string {
  const key = `${arch}-${network}`;
  const descriptor = openFiles.get(key) ?? openUnlinked(seccompProgram(arch, network));
  openFiles.set(key, descriptor);
  return `/proc/${process.pid}/fd/${descriptor}`;
}

/** Gives the descriptors back; later commands make new ones. */
export function closeSeccompFiles(): void {
  for (const descriptor of openFiles.values()) closeSync(descriptor);
  openFiles.clear();
}

function openUnlinked(program: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'codex-seccomp-'));
  try {
    const path = join(folder, 'filter.bpf');
    writeFileSync(path, program, { mode: 0o600 });
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
