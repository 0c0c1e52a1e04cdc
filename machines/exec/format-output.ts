/** The text the model reads about a command: the exact forms of agent.md §7. */

/** Budget of a call that names none, in tokens of 4 bytes. */
export const DEFAULT_MAX_OUTPUT_TOKENS = 10_000;
const BYTES_PER_TOKEN = 4;

/** The budget of a call: what it asks for, but no more than the configuration allows (`tool_output_token_limit`). */
export function outputBudget(asked: number | null | undefined, limit = DEFAULT_MAX_OUTPUT_TOKENS): number {
  return Math.min(asked ?? DEFAULT_MAX_OUTPUT_TOKENS, limit);
}

export interface ExecReport {
  /** 6 hex digits. */
  readonly chunkId: string;
  readonly wallTimeMs: number;
  /** Finished with a code, or still running under a number that write_stdin takes. */
  readonly state:
    | { readonly kind: 'exited'; readonly exitCode: number }
    | { readonly kind: 'running'; readonly sessionId: number };
  readonly output: string;
  /** Size in bytes before anything was dropped; null: that of `output`. */
  readonly originalBytes: number | null;
  readonly maxOutputTokens: number;
}

/** The whole function output of exec_command and write_stdin. */
export function formatExecOutput(report: ExecReport): string {
  const bytes = report.originalBytes ?? utf8Length(report.output);
  return [
    `Chunk ID: ${report.chunkId}`,
    `Wall time: ${(report.wallTimeMs / 1000).toFixed(4)} seconds`,
    report.state.kind === 'exited'
      ? `Process exited with code ${report.state.exitCode}`
      : `Process running with session ID ${report.state.sessionId}`,
    `Original token count: ${tokensOf(bytes)}`,
    'Output:',
    cutOutput(report.output, report.maxOutputTokens, bytes),
  ].join('\n');
}

/** An interrupted call. Code that shows it to the model adds nothing to it. */
export function formatAborted(wallTimeMs: number): string {
  return `Wall time: ${(wallTimeMs / 1000).toFixed(1)} seconds\naborted by user`;
}

export function formatUnknownProcess(sessionId: number): string {
  return `write_stdin failed: Unknown process id ${sessionId}`;
}

/** 4 bytes count as one token, a rest as one more. */
export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** The output within its budget, with what was lost said above it; unchanged when it fits. */
export function cutOutput(output: string, maxTokens: number, originalBytes = utf8Length(output)): string {
  const cut = cutMiddle(output, maxTokens);
  if (cut === output) return output;
  const warning = `Warning: truncated output (original token count: ${tokensOf(originalBytes)})`;
  return `${warning}\nTotal output lines: ${lineCount(output)}\n\n${cut}`;
}

/** Head and tail halves of a text over budget, with `…N tokens truncated…` between; never half a character. */
export function cutMiddle(text: string, maxTokens: number): string {
  const budget = Math.max(0, Math.floor(maxTokens)) * BYTES_PER_TOKEN;
  const bytes = utf8Length(text);
  if (bytes <= budget) return text;

  const headBytes = Math.floor(budget / 2);
  const head = text.slice(0, headEnd(text, headBytes));
  const tail = text.slice(tailStart(text, budget - headBytes));
  return `${head}…${tokensOf(bytes - budget)} tokens truncated…${tail}`;
}

function lineCount(text: string): number {
  const breaks = text.split('\n').length - 1;
  return text === '' || text.endsWith('\n') ? breaks : breaks + 1;
}

/** Bytes of a text in UTF-8; half a surrogate pair counts as U+FFFD does. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += bytesOf(character);
  return bytes;
}

function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x1_0000 ? 3 : 4;
}

/** Where the longest head of at most `maxBytes` ends. */
function headEnd(text: string, maxBytes: number): number {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return end;
}

/** Where the longest tail of at most `maxBytes` starts. */
function tailStart(text: string, maxBytes: number): number {
  let bytes = 0;
  let start = text.length;
  while (start > 0) {
    const character = characterBefore(text, start);
    bytes += bytesOf(character);
    if (bytes > maxBytes) break;
    start -= character.length;
  }
  return start;
}

function characterBefore(text: string, end: number): string {
  const pair = String.fromCodePoint(text.codePointAt(Math.max(0, end - 2)) ?? 0);
  return end >= 2 && pair.length === 2 ? pair : text.slice(end - 1, end);
}
