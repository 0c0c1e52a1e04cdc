import { type Conversation, SUMMARY_OPENING } from '../conversation.ts';

const MAX_ENTRIES = 20;
const MAX_CHARS = 300;

/** A request without tools asks for a summary of the conversation (agent.md §5): what was asked, and the last answer. */
export function summarize({ prompts, answers }: Conversation): string {
  // The last prompt is the one that asks for the summary.
  const asked = prompts
    .slice(0, -1)
    .slice(-MAX_ENTRIES)
    .map((prompt) => `- ${clip(prompt)}`);
  const last = answers.at(-1);
  return [
    SUMMARY_OPENING,
    asked.length === 0 ? 'Nothing was asked yet.' : `The person asked:\n${asked.join('\n')}`,
    ...(last === undefined ? [] : [`The last answer was: ${clip(last)}`]),
  ].join('\n\n');
}

function clip(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_CHARS ? line : `${line.slice(0, MAX_CHARS)}…`;
}
