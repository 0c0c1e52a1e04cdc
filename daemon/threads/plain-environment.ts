import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';

/** Variables that a client which sends no environment gets from the daemon: enough to find programs, nothing personal. */
const PLAIN_VARIABLES = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'PATH', 'LANG', 'TZ'] as const;
const PLAIN_MASK = 0o022;

/** The surroundings of a client that tells nothing of its own. */
export function plainEnvironment(home: string): ClientEnvironment {
  const variables = Object.fromEntries(
    PLAIN_VARIABLES.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]])),
  );
  return { cwd: variables.HOME ?? home, variables, umask: PLAIN_MASK };
}
