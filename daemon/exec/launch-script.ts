/**
 * What starts every child: a fixed shell script that gets all its values as words, so that no value is ever read as
 * shell text. It joins stderr to stdout where one text is wanted (two channels would lose the order), sets the turn's umask, opens the
 * sandbox's filter, and becomes the command.
 */
const SCRIPT = 'umask "$1"; if [ -n "$2" ]; then exec 3<"$2"; fi; shift 2; exec "$@"';
const JOIN = 'exec 2>&1; ';
/** The sandbox's own process stands in the terminal's foreground group and must outlive a Ctrl-C. */
const DEAF = 'trap "" INT QUIT; ';

export interface LaunchWords {
  readonly argv: readonly string[];
  /** Permission bits that new files do not get. */
  readonly umask: number;
  readonly filterPath: string | null;
  readonly isDeafToInterrupts: boolean;
  readonly joinsErrors: boolean;
}

export function launchArgv({
  argv,
  umask,
  filterPath,
  isDeafToInterrupts,
  joinsErrors,
}: LaunchWords): readonly string[] {
  const octal = (umask & 0o777).toString(8).padStart(3, '0');
  const script = `${isDeafToInterrupts ? DEAF : ''}${joinsErrors ? JOIN : ''}${SCRIPT}`;
  return ['/bin/sh', '-c', script, 'sh', octal, filterPath ?? '', ...argv];
}

const SHELL_NAME = /^[A-Za-z_]\w*$/;

/** Puts before a command what the starting shell takes away: default signals, and names that are no shell names. */
export function restoringArgv(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  resetsSignals: boolean,
): readonly string[] {
  const signals = resetsSignals ? ['--default-signal=INT,QUIT'] : [];
  const lost = Object.entries(env).filter(([name]) => !SHELL_NAME.test(name) && name !== '' && !name.startsWith('-'));
  const words = [...signals, ...lost.map(([name, value]) => `${name}=${value}`)];
  return words.length === 0 ? argv : ['/usr/bin/env', ...words, ...argv];
}
