import { mentions, wordsOf } from './words.ts';

const NOT_FOLDERS =
  /^(?:this|the|that|a|an|my|your|our|current|working|project|whole|entire|in|of|it|and|or|is|here|there|me|which|what|list|explain|show|describe|each|every|its|root)$/i;

/** The folder that a text names; null for none, or for the working folder itself. */
export function folderIn(text: string): string | null {
  const candidates = [
    /\b(?:folder|directory|dir)\s+(?:called\s+|named\s+)?["'`]?([\w.@/~-]{1,200})/i.exec(text)?.[1],
    /["'`\s]([\w.@/~-]{1,200})["'`]?\s+(?:folder|directory|dir)\b/i.exec(text)?.[1],
    /(?:^|\s)["'`]?((?:\.{0,2}\/|~\/)?[\w.@-]+\/[\w.@/-]*|~\/|\.\.|\/[\w.@/-]+)["'`?!]*(?:\s|$)/.exec(text)?.[1],
    /\b(?:ls|list|in|inside)\s+["'`]?([\w.@/-]{1,200})["'`]?[?!.]*$/i.exec(text)?.[1],
  ];
  const folder = candidates.find(
    (candidate) => candidate !== undefined && /[\w.]/.test(candidate) && !NOT_FOLDERS.test(candidate),
  );
  const clean = folder?.replace(/\.$/, (dot) => (/^\.+$|\/\.+$/.test(folder) ? dot : ''));
  return clean === undefined || mentions(wordsOf(clean), 'files everything tests contents folders') ? null : clean;
}
