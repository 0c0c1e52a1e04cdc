/** Steps through the lines between the patch's begin and end markers. */
export class LineReader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** The line that comes next, or null at the end marker. */
  get current(): string | null {
    return this.#lines[this.#at] ?? null;
  }

  /** Its number, counted from 1 at the begin marker. */
  get lineNumber(): number {
    return this.#at + 2;
  }

  skip(): void {
    this.#at += 1;
  }

  skipWhile(condition: (line: string) => boolean): void {
    while (this.current !== null && condition(this.current)) this.skip();
  }

  /** The first line that is not empty, from here on. */
  peekPastEmpty(): string | null {
    return this.#lines.slice(this.#at).find((line) => line !== '') ?? null;
  }

  /** How many entirely empty lines stand directly before this place. */
  countEmptyBefore(): number {
    let count = 0;
    while (this.#lines[this.#at - 1 - count] === '') count += 1;
    return count;
  }
}
