import type { ResolvedPlan } from './resolve-plan.ts';

/**
 * The profile and parameters for `/usr/bin/sandbox-exec` (built and compared as text; not run on the machines of CI).
 * Later rules win over earlier ones. Paths travel as parameters, never inside the profile's text.
 */
export function seatbeltArgs(plan: ResolvedPlan): readonly string[] {
  const parameters = new Map<string, string>();
  const subpaths = (prefix: string, paths: readonly string[]) =>
    paths.map((path, index) => {
      parameters.set(`${prefix}_${index}`, path);
      return `(subpath (param "${prefix}_${index}"))`;
    });

  const profile = [
    ...BASE_RULES,
    ...rule('allow file-write*', subpaths('WRITABLE', plan.writable)),
    ...rule('deny file-write*', subpaths('PROTECTED', [...plan.readOnly, ...plan.placeholders, ...linkNames(plan)])),
    ...rule('deny file-read* file-write*', subpaths('HIDDEN', [...plan.hiddenFolders, ...plan.hiddenFiles])),
    ...(plan.network ? NETWORK_RULES : []),
  ].join('\n');
  return ['-p', profile, ...[...parameters].map(([name, path]) => `-D${name}=${path}`), '--'];
}

/** A link is denied by its name: unlike bubblewrap, sandbox-exec needs nothing to mount on. */
function linkNames({ frozen }: ResolvedPlan): readonly string[] {
  return frozen.flatMap(({ links }) => links);
}

function rule(verb: string, filters: readonly string[]): readonly string[] {
  return filters.length === 0 ? [] : [`(${verb} ${filters.join(' ')})`];
}

const BASE_RULES = [
  '(version 1)',
  '(deny default)',
  '(allow process-exec process-fork)',
  '(allow signal process-info* (target same-sandbox))',
  '(allow sysctl-read)',
  '(allow mach-lookup)',
  '(allow ipc-posix-sem)',
  '(allow pseudo-tty)',
  '(allow file-ioctl (regex #"^/dev/tty"))',
  '(allow file-read*)',
  '(allow file-write-data (literal "/dev/null") (literal "/dev/zero") (regex #"^/dev/tty"))',
];

/** Sockets of files stay closed: the daemon listens on one. */
const NETWORK_RULES = [
  '(allow network-outbound network-inbound network-bind)',
  '(deny network-outbound (remote unix-socket))',
  '(allow system-socket)',
];
