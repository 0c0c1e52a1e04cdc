/** Which variables of the client's environment a command sees (agent.md §7, `shell_environment_policy` §13). */

export interface ShellEnvironmentPolicy {
  /** `all` of the client's variables, the `core` ones every program needs, or `none`. */
  readonly inherit: 'all' | 'core' | 'none';
  /** True keeps names that look like secrets. */
  readonly ignoreDefaultExcludes: boolean;
  /** Case-insensitive globs (`*`, `?`) of names to drop. */
  readonly exclude: readonly string[];
  /** Case-insensitive globs; when any is given, only matching names stay. */
  readonly includeOnly: readonly string[];
  readonly set: Readonly<Record<string, string>>;
}

export interface ChildFacts {
  readonly threadId: string;
  readonly callId: string;
  /** Our version, for `CODEX_VERSION`. */
  readonly version: string;
  readonly networkDisabled: boolean;
  /** Names that hold our own credentials; no setting lets them through. */
  readonly forbidden: readonly string[];
  /** `:read-only`, `:workspace`, … for `CODEX_PERMISSION_PROFILE`. */
  readonly permissionProfile?: string;
}

const CORE_NAMES = new Set(['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', 'USERNAME', 'TMPDIR', 'TEMP', 'TMP']);
const SECRET_GLOBS = ['*KEY*', '*SECRET*', '*TOKEN*'];
const ALWAYS_FORBIDDEN = ['CODEX_API_KEY', 'CODEX_ACCESS_TOKEN'];

/** Commands run without a person at the terminal: no pager, no colour, one locale. */
const UNATTENDED = {
  CODEX_CI: '1',
  NO_COLOR: '1',
  TERM: 'dumb',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GH_PAGER: 'cat',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  LC_CTYPE: 'C.UTF-8',
  COLORTERM: '',
} as const;

/** What is let through of a client's environment. Order: inherit, default excludes, exclude, set, include_only. */
export function inheritedEnvironment(
  clientEnv: Readonly<Record<string, string | undefined>>,
  policy: ShellEnvironmentPolicy,
  forbiddenNames: readonly string[],
): Record<string, string> {
  const inherited = new Map(present(clientEnv).filter(([name]) => isInherited(name, policy)));
  for (const [name, value] of Object.entries(policy.set)) inherited.set(name, value);
  const kept = [...inherited].filter(([name]) => policy.includeOnly.length === 0 || matches(policy.includeOnly, name));
  const forbidden = new Set([...ALWAYS_FORBIDDEN, ...forbiddenNames]);
  // What the client's own environment says about a sandbox is not true of this command.
  return Object.fromEntries(kept.filter(([name]) => !name.startsWith('CODEX_SANDBOX') && !forbidden.has(name)));
}

/** The environment of one command of the model: what is inherited, and ours on top. */
export function childEnvironment(
  clientEnv: Readonly<Record<string, string | undefined>>,
  policy: ShellEnvironmentPolicy,
  facts: ChildFacts,
): Record<string, string> {
  const inherited = Object.entries(inheritedEnvironment(clientEnv, policy, facts.forbidden));
  const forbidden = new Set([...ALWAYS_FORBIDDEN, ...facts.forbidden]);
  const ours = [...Object.entries(UNATTENDED), ...callVariables(facts)];
  return Object.fromEntries([...inherited, ...ours].filter(([name]) => !forbidden.has(name)));
}

function present(env: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function isInherited(name: string, policy: ShellEnvironmentPolicy): boolean {
  if (policy.inherit === 'none') return false;
  if (policy.inherit === 'core' && !CORE_NAMES.has(name.toUpperCase())) return false;
  if (!policy.ignoreDefaultExcludes && matches(SECRET_GLOBS, name)) return false;
  return !matches(policy.exclude, name);
}

function callVariables(facts: ChildFacts): [string, string][] {
  const { threadId, callId, version, networkDisabled, permissionProfile } = facts;
  return [
    ['CODEX_THREAD_ID', threadId],
    ['CODEX_SESSION_ID', threadId],
    ['CODEX_TOOL_CALL_ID', callId],
    ['CODEX_VERSION', version],
    ['CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS', '1'],
    ...(permissionProfile === undefined ? [] : [['CODEX_PERMISSION_PROFILE', permissionProfile] as [string, string]]),
    ...(networkDisabled ? [['CODEX_SANDBOX_NETWORK_DISABLED', '1'] as [string, string]] : []),
  ];
}

function matches(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => globPattern(glob).test(name));
}

/** `*` any run, `?` one character, the rest literal; runs of `*` are one, so that no glob is slow to refuse. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/\*+/g, '*')
    .replace(/[\\^$.+()|{}[\]]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is');
}
