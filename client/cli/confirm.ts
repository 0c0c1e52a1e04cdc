import { type CliContext, isInteractive, say } from './context.ts';

/** Asks on the terminal and takes nothing but `yes`; null where there is nobody to ask. */
export async function confirm(context: CliContext, question: string): Promise<boolean | null> {
  if (!isInteractive(context)) return null;
  say(context, question);
  context.stderr.write('Type yes to go on: ');
  return (await readLine(context.stdin)).trim().toLowerCase() === 'yes';
}

async function readLine(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}
