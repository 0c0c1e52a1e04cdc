/** Kept of one process's output, in UTF-16 units; half from the start, half from the end (agent.md §7). */
export const MAX_KEPT_OUTPUT = 1024 * 1024;

/** Small pieces are joined up to this size, so that a program that writes byte by byte costs no long list. */
const PIECE_SIZE = 16 * 1024;

/** Start and end of a text that comes in pieces; what lies between is counted and dropped. */
export class HeadAndTail {
  readonly #half: number;
  #head = '';
  #tail: string[] = [];
  #tailLength = 0;
  #dropped = 0;

  constructor(maxLength: number) {
    this.#half = Math.floor(maxLength / 2);
  }

  push(text: string): void {
    const isHeadOpen = this.#tailLength === 0 && this.#dropped === 0;
    const room = isHeadOpen ? wholeCharacters(text, this.#half - this.#head.length) : 0;
    this.#head += text.slice(0, room);
    this.#pushTail(text.slice(room));
  }

  #pushTail(text: string): void {
    if (text === '') return;
    const last = this.#tail.at(-1);
    if (last !== undefined && last.length < PIECE_SIZE) this.#tail[this.#tail.length - 1] = last + text;
    else this.#tail.push(text);
    this.#tailLength += text.length;

    while (this.#tailLength > this.#half) {
      const first = this.#tail[0] ?? '';
      const excess = this.#tailLength - this.#half;
      const cut = excess >= first.length ? first.length : first.length - wholeTail(first, first.length - excess);
      this.#tail[0] = first.slice(cut);
      if (this.#tail[0] === '') this.#tail.shift();
      this.#tailLength -= cut;
      this.#dropped += cut;
    }
  }

  /** The text; where something was dropped, a line says how much. */
  toString(): string {
    const tail = this.#tail.join('');
    return this.#dropped === 0 ? this.#head + tail : `${this.#head}\n…${this.#dropped} characters omitted…\n${tail}`;
  }
}

/** The longest start of at most `maxLength` units that ends between two characters. */
function wholeCharacters(text: string, maxLength: number): number {
  const end = Math.min(text.length, Math.max(0, maxLength));
  return end < text.length && isLowSurrogate(text, end) ? Math.max(0, end - 1) : end;
}

/** The longest end of at most `maxLength` units that starts between two characters. */
function wholeTail(text: string, maxLength: number): number {
  return isLowSurrogate(text, text.length - maxLength) ? maxLength - 1 : maxLength;
}

function isLowSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0xdc00 && code <= 0xdfff;
}

/** The output of one process: all of it, and what is new since the last look. */
export class OutputBuffer {
  readonly #maxLength: number;
  readonly #all: HeadAndTail;
  #fresh: HeadAndTail;
  #freshBytes = 0;

  constructor(maxLength = MAX_KEPT_OUTPUT) {
    this.#maxLength = maxLength;
    this.#all = new HeadAndTail(maxLength);
    this.#fresh = new HeadAndTail(maxLength);
  }

  push(text: string): void {
    this.#all.push(text);
    this.#fresh.push(text);
    this.#freshBytes += Buffer.byteLength(text);
  }

  /** What came since the last call, and how many bytes it had before anything was dropped. */
  takeFresh(): { text: string; bytes: number } {
    const taken = { text: this.#fresh.toString(), bytes: this.#freshBytes };
    this.#fresh = new HeadAndTail(this.#maxLength);
    this.#freshBytes = 0;
    return taken;
  }

  aggregated(): string {
    return this.#all.toString();
  }
}

/** Bytes of one channel -> text: characters split between pieces are joined, bad bytes become U+FFFD. */
export class Utf8Reader {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  read(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** What a character cut off by the end of the channel becomes. */
  end(): string {
    return this.#decoder.decode();
  }
}
