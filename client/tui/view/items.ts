import type { FileUpdateChange, ItemOf, ThreadItem, UserInput } from '../../../machines/protocol/types/item.ts';
import { isFromHere, type Seat } from '../seat.ts';
import type { StyleName } from '../theme.ts';
import { commandRows } from './command-item.ts';
import { clientName } from './describe.ts';
import { changeTitle, diffRows } from './diff.ts';
import { type Line, row, span } from './line.ts';
import { type MarkdownLines, renderMarkdown } from './markdown.ts';
import { dynamicCallRows, mcpCallRows } from './mcp-item.ts';
import { sanitize } from './sanitize.ts';
import { prefixed, wrapText, wrapWithPrefix } from './wrap.ts';

/** How items are shown: in how many columns, in which detail, and where the person sits who looks at them. */
export interface ItemContext {
  readonly columns: number;
  readonly detail: 'short' | 'full';
  readonly seat: Seat;
  /** Folder of the thread; paths below it are shown without it. */
  readonly cwd: string;
  /** The item's turn was interrupted. */
  readonly isInterrupted: boolean;
}

const MAX_SHORT_DIFF_ROWS = 30;
/** A prompt with a long paste is told from others by its beginning. */
const MAX_SHORT_PROMPT_ROWS = 16;

/** The rows of one item. */
export function itemRows(item: ThreadItem, context: ItemContext): readonly Line[] {
  switch (item.type) {
    case 'userMessage':
      return userMessageRows(item, context);
    case 'agentMessage':
      return messageRows(item.id, item.text, context.columns);
    case 'reasoning':
      return reasoningRows(item, context.columns);
    case 'commandExecution':
      return commandRows(item, context);
    case 'fileChange':
      return fileChangeRows(item, context);
    case 'dynamicToolCall':
      return dynamicCallRows(item, context);
    case 'mcpToolCall':
      return mcpCallRows(item, context);
    case 'plan':
      return [
        ...wrapText('• Proposed plan', 'title', context.columns),
        ...messageRows(item.id, item.text, context.columns, inset),
      ];
    case 'contextCompaction':
      return wrapText(
        item.completedAtMs == null ? '• Compacting the context …' : '• Context compacted',
        'dim',
        context.columns,
      );
    case 'enteredReviewMode':
      return wrapText(sanitize(`• Review of ${item.review}`), 'accent', context.columns);
    case 'exitedReviewMode':
      // The findings stand below, as a message.
      return wrapText('• Review ended', 'accent', context.columns);
    default:
      return item satisfies never;
  }
}

/** What a prompt says, images by name. */
export function inputText(content: readonly UserInput[]): string {
  return content
    .map((input) => (input.type === 'text' ? input.text : `[image ${input.type === 'image' ? input.url : input.path}]`))
    .join('\n');
}

/** The rows of a prompt: of an item, of one that is on its way, of one that waits. */
export function promptRows(text: string, columns: number, style: StyleName): Line[] {
  const lines = sanitize(text).split('\n');
  return wrapWithPrefix(
    lines.map((line) => row(line, style)),
    columns,
    span('› ', 'accent'),
    span('  '),
  );
}

function userMessageRows(item: ItemOf<'userMessage'>, { columns, seat, detail }: ItemContext): Line[] {
  const all = promptRows(inputText(item.content), columns, 'user');
  const rows = detail === 'full' ? all : shortRows(all, MAX_SHORT_PROMPT_ROWS, columns);
  const { sentBy } = item;
  if (!sentBy || isFromHere(seat, sentBy)) return rows;
  return [...rows, ...wrapWithPrefix([row(`from ${clientName(sentBy)}`, 'dim')], columns, span('  '), span('  '))];
}

/** Renderings of messages that grow, by item id, so that a delta costs its own block only. */
const growing = new Map<string, MarkdownLines>();
const MAX_GROWING = 4;

function messageRows(id: string, text: string, columns: number, decorate: typeof bulleted = bulleted): readonly Line[] {
  const inner = Math.max(1, columns - 2);
  const rendered = renderMarkdown(sanitize(text).trim(), inner, growing.get(id) ?? null, decorate);
  growing.delete(id);
  growing.set(id, rendered);
  for (const oldest of growing.keys()) if (growing.size > MAX_GROWING) growing.delete(oldest);
  return rendered.lines;
}

const bulleted = (line: Line, index: number): Line => prefixed(span(index === 0 ? '• ' : '  ', 'dim'), line);
const inset = (line: Line): Line => prefixed(span('  '), line);

function reasoningRows({ summary }: ItemOf<'reasoning'>, columns: number): Line[] {
  const text = sanitize(summary.join('\n\n')).replace(/\*\*/g, '').trim();
  if (text === '') return [];
  return wrapWithPrefix(
    text.split('\n').map((line) => row(line, 'dim')),
    columns,
    span('  '),
    span('  '),
  );
}

const FILE_VERBS = { add: 'Added', delete: 'Deleted', update: 'Edited' };
const FILE_STATES = { inProgress: 'editing', completed: '', failed: 'failed', declined: 'declined' };

function fileChangeRows({ changes, status }: ItemOf<'fileChange'>, context: ItemContext): Line[] {
  return changes.flatMap((change) => {
    const state = FILE_STATES[status];
    const mark = status === 'failed' || status === 'declined' ? span('✘ ', 'bad') : span('• ', 'dim');
    const title = [
      span(`${FILE_VERBS[change.kind.type]} `, 'bold'),
      span(changeTitle(change, context.cwd)),
      span(state && ` · ${state}`, 'dim'),
    ];
    return [...wrapWithPrefix([title], context.columns, mark, span('  ')), ...changeRows(change, context)];
  });
}

/** The diff below a file's title, cut in short detail. */
function changeRows(change: FileUpdateChange, { columns, detail }: ItemContext): Line[] {
  const rows = diffRows(change, Math.max(1, columns - 4)).map((line) => indented(line, columns));
  return detail === 'full' ? rows : shortRows(rows, MAX_SHORT_DIFF_ROWS, columns);
}

/** The first rows, and how many are left out. */
function shortRows(rows: Line[], max: number, columns: number): Line[] {
  return rows.length <= max ? rows : [...rows.slice(0, max), ...moreRows(rows.length - max, columns)];
}

const indented = (line: Line, columns: number): Line => (columns > 8 ? prefixed(span('    '), line) : line);

/** `… +12 rows (ctrl+o shows all)`. */
function moreRows(hidden: number, columns: number): Line[] {
  return wrapText(`… +${hidden} rows (ctrl+o shows all)`, 'dim', Math.max(1, columns - 4)).map((line) =>
    indented(line, columns),
  );
}
