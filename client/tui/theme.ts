/** What text means; how that looks stands in the table below alone. */
export type StyleName = keyof typeof styles;

interface Look {
  /** Colours of the 256 palette; null is the terminal's own. */
  readonly foreground: number | null;
  readonly background: number | null;
  readonly isBold: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
}

const look = (changes: Partial<Look> = {}): Look => ({
  foreground: null,
  background: null,
  isBold: false,
  isUnderlined: false,
  isInverse: false,
  ...changes,
});

const styles = {
  plain: look(),
  dim: look({ foreground: 244 }),
  bold: look({ isBold: true }),
  emphasis: look({ isUnderlined: true }),
  heading: look({ foreground: 6, isBold: true }),
  code: look({ foreground: 6 }),
  link: look({ foreground: 4, isUnderlined: true }),
  quote: look({ foreground: 244 }),
  user: look({ isBold: true }),
  accent: look({ foreground: 6 }),
  working: look({ foreground: 5 }),
  good: look({ foreground: 2 }),
  bad: look({ foreground: 1 }),
  warning: look({ foreground: 3 }),
  added: look({ foreground: 2 }),
  removed: look({ foreground: 1 }),
  hunk: look({ foreground: 6 }),
  selected: look({ isInverse: true }),
  title: look({ foreground: 3, isBold: true }),
};

const BOLD = 1;
const UNDERLINE = 2;
const INVERSE = 8;
const OWN_COLOUR = 0x1ff;

/** A style as blessed's cell attribute: flags, nine bits of foreground, nine bits of background. NO_COLOR drops colours. */
export function cellAttribute(name: StyleName, hasColour: boolean): number {
  const { foreground, background, isBold, isUnderlined, isInverse } = styles[name];
  const flags = (isBold ? BOLD : 0) | (isUnderlined ? UNDERLINE : 0) | (isInverse ? INVERSE : 0);
  const front = hasColour ? (foreground ?? OWN_COLOUR) : OWN_COLOUR;
  const back = hasColour ? (background ?? OWN_COLOUR) : OWN_COLOUR;
  return (flags << 18) | (front << 9) | back;
}
