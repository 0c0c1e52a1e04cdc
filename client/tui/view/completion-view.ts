import type { FoundFile } from '../../../machines/protocol/methods/file-search.ts';
import { chosenAt, type Offer, offersOf, openMention, pathOf } from '../completion.ts';
import type { Model } from '../model.ts';
import type { SlashCommand } from '../slash-commands.ts';
import { fitLine, type Line, row, type Span, span } from './line.ts';
import { sanitizeRow } from './sanitize.ts';
import { glyphsOf, textWidth } from './width.ts';

const MAX_ROWS = 8;
const INDENT = '  ';

/** The popup of what can be taken for what is typed; none when it is closed or nothing fits. */
export function viewCompletion(model: Model, columns: number, maxRows: number): readonly Line[] {
  const offers = offersOf(model);
  if (offers.length === 0) return noFileRows(model, columns);
  const chosen = chosenAt(model, offers);
  const rows = Math.min(MAX_ROWS, maxRows);
  const first = Math.max(0, Math.min(chosen - rows + 1, offers.length - rows));
  return offers
    .slice(first, first + rows)
    .map((offer, index) => fitLine(offerLine(offer, first + index === chosen, columns), columns));
}

function offerLine(offer: Offer, isChosen: boolean, columns: number): Line {
  return offer.kind === 'command' ? commandLine(offer.command, isChosen) : fileLine(offer.file, isChosen, columns);
}

function commandLine({ name, argument, help }: SlashCommand, isChosen: boolean): Line {
  const shown = `/${name}${argument === null ? '' : ` ${argument}`}`;
  return [span(`${INDENT}${shown.padEnd(16)} `, isChosen ? 'selected' : 'accent'), span(help, 'dim')];
}

/** The path with the letters that were found; of one that is too long the end is what tells it from others. */
function fileLine(file: FoundFile, isChosen: boolean, columns: number): Line {
  const path = pathOf(file);
  const shown = sanitizeRow(path);
  const from = startOf(shown, columns - INDENT.length - 1);
  const head = from === 0 ? INDENT : `${INDENT}…`;
  if (isChosen || shown !== path) return [span(head), span(shown.slice(from), isChosen ? 'selected' : 'plain')];
  return [span(head), ...marked(path, from, new Set(file.indices ?? []))];
}

/** One span for each character, those at the places that were found in another colour. */
function marked(path: string, from: number, found: ReadonlySet<number>): Span[] {
  let at = from;
  return glyphsOf(path.slice(from)).map(({ text }) => {
    const style = found.has(at) ? 'accent' : 'plain';
    at += text.length;
    return span(text, style);
  });
}

/** Where the shown part of a path begins, so that at most `columns` cells are left. */
function startOf(path: string, columns: number): number {
  let excess = textWidth(path) - Math.max(1, columns);
  let from = 0;
  for (const { text, width } of glyphsOf(path)) {
    if (excess <= 0) break;
    excess -= width;
    from += text.length;
  }
  return from;
}

/** Says why no file is offered for an `@…`. */
function noFileRows(model: Model, columns: number): readonly Line[] {
  const mention = openMention(model);
  if (mention === null) return [];
  return [fitLine(row(INDENT + noFileText(model, mention.query), 'dim'), columns)];
}

function noFileText({ files }: Model, query: string): string {
  if (query === '') return 'type some letters of a file’s path';
  if (files !== null && files.problem !== null) return `files cannot be looked for: ${sanitizeRow(files.problem)}`;
  return files?.isComplete && files.query === query ? 'no file fits' : 'looking for files …';
}
