import { contentIn } from './file-intent.ts';
import type { Intent } from './intent.ts';
import { mentions, pathsIn, wordsOf } from './words.ts';

const ESCALATION =
  /\b(?:with (?:my |your |an )?(?:approval|permission)|escalat\w*|outside (?:of )?(?:the |this |my )?(?:workspace|sandbox|project|folder|directory)|without (?:the |a |any )?sandbox|ask(?:ing)? (?:me )?(?:first|for (?:approval|permission)))\b/i;

/** A wish to do something that the sandbox forbids, with the person's approval. */
export function parseEscalation(text: string): Intent | null {
  if (!ESCALATION.test(text)) return null;
  const command = commandIn(text);
  if (command !== null) return { kind: 'runCommand', command, isEscalated: true };
  const words = wordsOf(text);
  if (!mentions(words, 'write create make save put add file escalate escalation')) return null;
  const path = pathsIn(text.replace(ESCALATION, ' '))[0] ?? '../practice-note.txt';
  return {
    kind: 'writeOutside',
    path,
    content: contentIn(text) ?? 'Written by the practice model, with your approval.',
  };
}

/** A wish to run a command that the person spelled out. */
export function parseCommand(text: string): Intent | null {
  const command = commandIn(text);
  return command === null ? null : { kind: 'runCommand', command, isEscalated: false };
}

const PROGRAMS =
  'ls|cat|git|npm|npx|node|pnpm|yarn|python3?|pip|make|echo|pwd|grep|rg|find|wc|head|tail|sed|awk|touch|mkdir|rm|cp|mv|date|uname|whoami|env|which|sleep|true|false|cargo|go|bash|sh|curl|tree|diff|sort|du|df|ps|id|printf|test';

/** A command that the person spelled out: in backticks, behind `$`, or a known program behind "run". */
function commandIn(text: string): string | null {
  const inTicks =
    /(?:^|\b(?:run|execute|try|start|call|launch|exec|command|do|use|with)\b[^`\n]{0,60})`([^`\n]{1,2000})`/i.exec(
      text,
    )?.[1];
  if (inTicks !== undefined && (!text.startsWith('`') || text === `\`${inTicks}\``)) return inTicks.trim() || null;
  const afterDollar = /^[$!]\s*([^\n]{1,2000})$/.exec(text)?.[1];
  if (afterDollar !== undefined) return afterDollar.trim();
  const bare = new RegExp(
    `^(?:please\\s+)?(?:run|execute|exec)\\s*:?\\s+((?:(?:${PROGRAMS})(?=\\s|$)|\\./)[^\\n]{0,2000})$`,
    'i',
  ).exec(text)?.[1];
  return bare === undefined || /^test\s+[a-z]*$/i.test(bare)
    ? null
    : bare.replace(ESCALATION, '').replace(/[.\s]+$/, '');
}
