import { Marked, type Token, type Tokens } from 'marked';
import type { StyleName } from '../theme.ts';
import { EMPTY_LINE, type Line, lineWidth, row, type Span, span } from './line.ts';
import { type Table, tableLines } from './table.ts';
import { prefixed, wrapLine, wrapText, wrapWithPrefix } from './wrap.ts';

const marked = new Marked({ gfm: true });
/** A block longer than this is shown as it is: lexing pathological text must not stop the screen. */
const MAX_BLOCK_LENGTH = 200_000;
const CODE_INDENT = '  ';

/** A markdown text that may still grow: what is closed is wrapped once, only the rest is looked at again. */
export interface MarkdownLines {
  readonly text: string;
  readonly columns: number;
  /** How much of the text is closed, and its rows. */
  readonly closedLength: number;
  readonly closedLines: readonly Line[];
  readonly lines: readonly Line[];
}

/** What is done to each row once: the number is the row's place in the whole. */
type Decorate = (line: Line, index: number) => Line;

/** Renders sanitized markdown to rows of at most `columns` cells, going on from an earlier rendering where it can. */
export function renderMarkdown(
  text: string,
  columns: number,
  earlier: MarkdownLines | null = null,
  decorate: Decorate = (line) => line,
): MarkdownLines {
  const base = earlier !== null && continues(earlier, text, columns) ? earlier : null;
  const closedBefore = base?.closedLength ?? 0;
  const open = text.slice(closedBefore);
  const closing = closedTokens(open);
  const closedLines = appendBlocks(base?.closedLines ?? [], closing, columns, decorate);
  const newlyClosed = closing.reduce((sum, token) => sum + token.raw.length, 0);
  const lines = appendBlocks(closedLines, lex(open.slice(newlyClosed)), columns, decorate);
  return { text, columns, closedLength: closedBefore + newlyClosed, closedLines, lines };
}

/**
 * The blocks that no later text can change: those before the last one. Only whole lines tell where a block ends:
 * a line that has just begun with `1` may be a paragraph or the next item of the list above it.
 */
function closedTokens(open: string): readonly Token[] {
  const tokens = lex(open.slice(0, open.lastIndexOf('\n') + 1));
  const last = tokens.findLastIndex(({ type }) => type !== 'space');
  return tokens.slice(0, Math.max(0, last));
}

function continues(earlier: MarkdownLines, text: string, columns: number): boolean {
  return earlier.columns === columns && text.startsWith(earlier.text.slice(0, earlier.closedLength));
}

function lex(text: string): readonly Token[] {
  if (text.length > MAX_BLOCK_LENGTH) return [{ type: 'html', raw: text, text } as Token];
  return marked.lexer(text);
}

/** Blocks stand one empty row apart. */
function appendBlocks(
  lines: readonly Line[],
  tokens: readonly Token[],
  columns: number,
  decorate: Decorate = (line) => line,
): readonly Line[] {
  if (tokens.length === 0) return lines;
  const all = [...lines];
  for (const block of tokens.map((token) => blockLines(token, columns)).filter(({ length }) => length > 0)) {
    if (all.length > 0) all.push(EMPTY_LINE);
    for (const line of block) all.push(decorate(line, all.length));
  }
  return all;
}

function blockLines(token: Token, columns: number): readonly Line[] {
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'heading':
      return wrapLine(inlineLines(token.tokens ?? [], 'heading').flat(), columns);
    case 'code':
      return codeLines(token as Tokens.Code, columns);
    case 'list':
      return listLines(token as Tokens.List, columns);
    case 'blockquote':
      return quoteLines(token.tokens ?? [], columns);
    case 'table':
      return tableLines(tableOf(token as Tokens.Table), columns);
    case 'hr':
      return [row('─'.repeat(Math.min(columns, 40)), 'dim')];
    case 'paragraph':
    case 'text':
      return inlineLines(token.tokens ?? [token], 'plain').flatMap((line) => wrapLine(line, columns));
    default:
      return wrapText(token.raw.replace(/\n+$/, ''), 'plain', columns);
  }
}

/** Code is not broken at blanks but at the edge, so that its columns stay. */
function codeLines({ text }: Tokens.Code, columns: number): Line[] {
  const indent = columns > 12 ? CODE_INDENT : '';
  return text
    .split('\n')
    .flatMap((line) =>
      wrapText(line, 'code', columns - indent.length).map((wrapped) => prefixed(span(indent, 'code'), wrapped)),
    );
}

function quoteLines(tokens: readonly Token[], columns: number): Line[] {
  const inner = appendBlocks([], tokens, Math.max(1, columns - 2));
  return inner
    .map((line) => [span('│ ', 'quote'), ...line.map((part) => quoted(part))])
    .map((line) => cutTo(line, columns));
}

const quoted = (part: Span): Span => (part.style === 'plain' ? { text: part.text, style: 'quote' } : part);
const cutTo = (line: Line, columns: number): Line => (lineWidth(line) <= columns ? line : line.slice(1));

function listLines(list: Tokens.List, columns: number): Line[] {
  const first = typeof list.start === 'number' ? list.start : 1;
  return list.items.flatMap((item, index) => {
    const marker = list.ordered ? `${first + index}. ` : item.task ? '' : '• ';
    const lines = itemLines(item, Math.max(1, columns - marker.length));
    const done = [...(list.loose && index > 0 ? [EMPTY_LINE] : [])];
    return [...done, ...withMarker(lines, marker, columns)];
  });
}

/** Paragraphs of a tight item follow each other without an empty row. */
function itemLines(item: Tokens.ListItem, columns: number): readonly Line[] {
  const blocks = item.tokens
    .filter((token) => token.type !== 'checkbox')
    .map((token) => blockLines(token, columns))
    .filter((lines) => lines.length > 0);
  const lines = blocks.flatMap((block, index) => (item.loose && index > 0 ? [EMPTY_LINE, ...block] : [...block]));
  if (!item.task) return lines;
  return wrapWithPrefix(
    lines.length === 0 ? [EMPTY_LINE] : lines,
    columns,
    span(item.checked ? '☑ ' : '☐ '),
    span('  '),
  );
}

function withMarker(lines: readonly Line[], marker: string, columns: number): Line[] {
  const rest = ' '.repeat(marker.length);
  if (lines.length === 0) return [row(marker.trimEnd().slice(0, columns), 'dim')];
  return lines.map((line, index) => {
    const full = prefixed(span(index === 0 ? marker : rest, 'dim'), line);
    return lineWidth(full) <= columns ? full : line;
  });
}

function tableOf({ header, rows, align }: Tokens.Table): Table {
  const cells = [header, ...rows].map((row, at) =>
    row.map((cell) => inlineLines(cell.tokens, at === 0 ? 'bold' : 'plain').flat()),
  );
  return { rows: cells, alignments: align };
}

/** Inline tokens as lines: hard and soft breaks of the source stay. */
function inlineLines(tokens: readonly Token[], style: StyleName): Line[] {
  const lines: Span[][] = [[]];
  for (const part of tokens.flatMap((token) => inlineSpans(token, style))) {
    part.text.split('\n').forEach((text, index) => {
      if (index > 0) lines.push([]);
      if (text !== '') lines.at(-1)?.push({ text, style: part.style });
    });
  }
  return lines;
}

function inlineSpans(token: Token, style: StyleName): Span[] {
  switch (token.type) {
    case 'strong':
      return innerSpans(token, style === 'plain' ? 'bold' : style);
    case 'em':
      return innerSpans(token, style === 'plain' ? 'emphasis' : style);
    case 'codespan':
      return [span(token.text, 'code')];
    case 'link':
      return linkSpans(token as Tokens.Link);
    case 'image':
      return [span(`[${token.text || 'image'}](${token.href})`, 'link')];
    case 'br':
      return [span('\n', style)];
    case 'escape':
      return [span(token.text, style)];
    default:
      return token.type !== 'html' && 'tokens' in token && token.tokens
        ? innerSpans(token, style)
        : [span(plainText(token), style)];
  }
}

function innerSpans(token: Token, style: StyleName): Span[] {
  return 'tokens' in token && token.tokens
    ? token.tokens.flatMap((inner) => inlineSpans(inner, style))
    : [span(plainText(token), style)];
}

const plainText = (token: Token): string =>
  'text' in token && typeof token.text === 'string' ? token.text : token.raw;

/** The address is shown too: a link's text alone could name another place. */
function linkSpans(link: Tokens.Link): Span[] {
  const text = link.tokens
    .flatMap((inner) => inlineSpans(inner, 'link'))
    .map((part) => part.text)
    .join('');
  return text === link.href || `mailto:${text}` === link.href
    ? [span(text, 'link')]
    : [span(text, 'link'), span(` (${link.href})`, 'dim')];
}
