import { CliError } from './cli-error.ts';
import { type CliContext, say } from './context.ts';

/**
 * The prompt of `exec` (agent.md §11): the argument; stdin when there is none or it is `-`; both when both are there.
 * A terminal is never waited on when a prompt was given; a pipe is read to its end.
 */
export async function readPrompt(context: CliContext, argument: string | undefined): Promise<string> {
  const isPiped = context.stdin.isTTY !== true;
  if (argument !== undefined && argument !== '-') {
    if (!isPiped) return argument;
    say(context, 'Reading additional input from stdin...');
    return withInput(argument, await readText(context.stdin));
  }
  if (!isPiped && argument === undefined) {
    throw new CliError('no prompt: give one as an argument, or pipe it into stdin');
  }
  say(context, 'Reading prompt from stdin...');
  const text = await readText(context.stdin);
  if (text.trim() === '') throw new CliError('No prompt provided via stdin.');
  return text;
}

/** Argument and piped text as one prompt. */
export function withInput(argument: string, input: string): string {
  if (input.trim() === '') return argument;
  return `${argument}\n\n<stdin>\n${input}${input.endsWith('\n') ? '' : '\n'}</stdin>`;
}

/** Everything until the end of a stream, as UTF-8; what is none becomes U+FFFD. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  return (await readBytes(stream)).toString('utf8');
}

/** Words for the model: those of a binary file, or in another encoding, would reach it garbled. @throws CliError */
async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  const bytes = await readBytes(stream);
  try {
    // The mark itself is no part of the text.
    return new TextDecoder(markedEncoding(bytes) ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CliError('stdin is not text in UTF-8; convert it first, for example with iconv');
  }
}

/** UTF-16 says so by a mark at its beginning, as Windows programs write it. */
function markedEncoding([first, second]: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : null;
}

async function readBytes(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer));
  return Buffer.concat(chunks);
}
