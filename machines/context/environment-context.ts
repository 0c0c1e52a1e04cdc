import { protectedPaths, type SandboxPolicy } from '../policy/sandbox.ts';

/** What the model is told about the place it works in. Plain data: kept with a turn to find later what changed. */
export interface EnvironmentFacts {
  /** Absolute path. */
  readonly cwd: string;
  /** The shell's name: bash, zsh, sh … */
  readonly shell: string;
  /** YYYY-MM-DD in `timezone`. */
  readonly currentDate: string;
  /** IANA name. */
  readonly timezone: string;
  readonly sandbox: SandboxPolicy;
}

/**
 * The `<environment_context>` block (agent.md §2.2, recording request-1-0.169.0). With `previous` only the elements
 * that changed; null when none did.
 */
export function environmentContext(facts: EnvironmentFacts, previous: EnvironmentFacts | null = null): string | null {
  const known = new Set(previous ? elements(previous) : []);
  const lines = elements(facts).filter((element) => !known.has(element));
  if (lines.length === 0) return null;
  return ['<environment_context>', ...lines.map((line) => `  ${line}`), '</environment_context>'].join('\n');
}

function elements({ cwd, shell, currentDate, timezone, sandbox }: EnvironmentFacts): readonly string[] {
  return [
    element('cwd', cwd),
    element('shell', shell),
    element('current_date', currentDate),
    element('timezone', timezone),
    `<filesystem><workspace_roots>${element('root', cwd)}</workspace_roots>${profile(sandbox, cwd)}</filesystem>`,
  ];
}

function profile(sandbox: SandboxPolicy, cwd: string): string {
  if (sandbox.type === 'dangerFullAccess') {
    return '<permission_profile type="disabled"><file_system type="unrestricted" /></permission_profile>';
  }
  const entries = [
    entry('read', special('root')),
    ...(sandbox.type === 'workspaceWrite' ? writable(sandbox, cwd) : []),
  ];
  const fileSystem = `<file_system type="restricted">${entries.join('')}</file_system>`;
  return `<permission_profile type="managed">${fileSystem}</permission_profile>`;
}

function writable(sandbox: Extract<SandboxPolicy, { type: 'workspaceWrite' }>, cwd: string): readonly string[] {
  const roots = [...new Set([cwd, ...sandbox.writableRoots])];
  return [
    ...roots.map((root) => entry('write', element('path', root))),
    ...(sandbox.excludeSlashTmp ? [] : [entry('write', special('slash_tmp'))]),
    ...(sandbox.excludeTmpdirEnvVar ? [] : [entry('write', special('tmpdir'))]),
    ...roots.flatMap(readOnlyInside).map((path) => entry('read', element('path', path))),
  ];
}

// The recordings' order differs from the order in which the sandbox protects them, and prefixes are cached by bytes.
const RECORDED_ORDER = ['.git', '.agents', '.codex', '.aws'];

function readOnlyInside(root: string): readonly string[] {
  const place = (path: string) => RECORDED_ORDER.findIndex((name) => path.endsWith(`/${name}`));
  return [...protectedPaths(root)].sort((left, right) => place(left) - place(right));
}

function entry(access: 'read' | 'write', what: string): string {
  return `<entry access="${access}">${what}</entry>`;
}

function special(name: string): string {
  return `<special>:${name}</special>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeText(text)}</${name}>`;
}

/** A path may hold anything; it must not close the element it stands in. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
