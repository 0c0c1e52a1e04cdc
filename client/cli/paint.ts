/** Colours for text on a terminal; every function is the identity where colours are off. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

export type ColorChoice = 'auto' | 'always' | 'never';

/** `auto` colours a terminal unless NO_COLOR is set (https://no-color.org) or the terminal is `dumb`. */
export function choosePaint(
  choice: ColorChoice,
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isWanted = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const isOn = choice === 'always' || (choice === 'auto' && isWanted);
  const style = (on: number, off: number) => (text: string) =>
    isOn && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { bold: style(1, 22), dim: style(2, 22), red: style(31, 39), green: style(32, 39), yellow: style(33, 39) };
}
