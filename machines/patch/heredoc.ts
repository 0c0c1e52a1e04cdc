import { trimBlanks } from './blanks.ts';

const WRAPPERS: ReadonlySet<string> = new Set(['<<EOF', "<<'EOF'", '<<"EOF"']);

/**
 * The lines inside a heredoc wrapper that a model left around its patch, without blank lines at both ends,
 * or null when there is no wrapper (agent.md §8).
 */
export function unwrapHeredoc(lines: readonly string[]): readonly string[] | null {
  const first = lines[0];
  const last = lines.at(-1);
  if (first === undefined || last === undefined || lines.length < 4) return null;
  if (!WRAPPERS.has(first) || !last.endsWith('EOF')) return null;
  return trimBlanks(lines.slice(1, -1).join('\n')).split('\n');
}

/** A patch found in a shell script, and the folder it changes to first. */
export interface HeredocPatch {
  readonly patch: string;
  readonly cwd: string | null;
}

// One plain word for `cd`: single quotes, double quotes without expansion, or bare without anything the shell acts on.
const CD = /^cd[ \t]+(?:'([^'\n]+)'|"([^"$`\\\n]+)"|([\w./@:,+=%^-]+))[ \t]*&&[ \t]*/;
const OPEN = /^(?:apply_patch|applypatch)[ \t]*<<[ \t]*(?:'(\w+)'|"(\w+)"|(\w+))[ \t]*\n/;

/**
 * Finds the patch in a script that is exactly `apply_patch <<'EOF'…EOF`, or the same after `cd <one path> &&`
 * (agent.md §8). Everything else is null and left to the shell. The body is taken literally, also when the
 * delimiter is unquoted: that is what the model meant.
 */
export function extractHeredocPatch(script: string): HeredocPatch | null {
  const text = trimBlanks(script);
  const cd = CD.exec(text);
  const cwd = cd === null ? null : (cd[1] ?? cd[2] ?? cd[3] ?? null);
  // `cd -x` and `cd -` mean something else than a folder of that name.
  if (cwd?.startsWith('-')) return null;

  const command = text.slice(cd === null ? 0 : cd[0].length);
  const open = OPEN.exec(command);
  if (open === null) return null;
  const patch = heredocBody(command.slice(open[0].length), open[1] ?? open[2] ?? open[3] ?? '');
  return patch === null ? null : { patch, cwd };
}

// The shell ends a heredoc at the first line that is the delimiter; anything behind it would be a second statement.
function heredocBody(text: string, delimiter: string): string | null {
  const lines = text.split('\n');
  const end = lines.indexOf(delimiter);
  if (end === -1 || end !== lines.length - 1) return null;
  return lines.slice(0, end).join('\n');
}
