import type { ItemOf } from '../../../machines/protocol/types/item.ts';
import { bareCommand, duration } from './describe.ts';
import { type Line, row, type Span, span } from './line.ts';
import { sanitize } from './sanitize.ts';
import { wrapText, wrapWithPrefix } from './wrap.ts';

const SHORT_OUTPUT_ROWS = 5;
const SHORT_COMMAND_ROWS = 4;
/** Full detail shows this much of an output's end; the daemon's log holds all of it. */
const FULL_OUTPUT_LENGTH = 1_000_000;
/** No more than this of an output is looked at for its last rows. */
const SHORT_OUTPUT_LENGTH = 8192;

interface CommandContext {
  readonly columns: number;
  readonly detail: 'short' | 'full';
  readonly isInterrupted: boolean;
}

/** A command: what is run, how it stands, the end of what it wrote. */
export function commandRows(
  item: ItemOf<'commandExecution'>,
  { columns, detail, isInterrupted }: CommandContext,
): Line[] {
  const isCutOff = isInterrupted && hasNoEnd(item);
  const command = sanitize(bareCommand(item.command)).trimEnd().split('\n');
  const title = command.map((line, index) =>
    index === 0
      ? [span(isCutOff ? 'Interrupted ' : verbOf(item), 'bold'), span(line), ...stateOf(item, isCutOff)]
      : row(line),
  );
  const titleRows = wrapWithPrefix(title, columns, markOf(item), span('  '));
  const shown = detail === 'full' ? titleRows : titleRows.slice(0, SHORT_COMMAND_ROWS);
  return [...shown, ...outputRows(item.aggregatedOutput ?? '', columns, detail)];
}

/** It did not come to its own end: in an interrupted turn it was stopped, or never begun. One that could not be run says why. */
export function hasNoEnd({ status, exitCode, durationMs, aggregatedOutput }: ItemOf<'commandExecution'>): boolean {
  return status === 'failed' && exitCode == null && (!aggregatedOutput || (durationMs ?? 0) > 0);
}

function markOf({ status }: ItemOf<'commandExecution'>): Span {
  if (status === 'completed') return span('✔ ', 'good');
  return status === 'inProgress' ? span('• ', 'working') : span('✘ ', 'bad');
}

function verbOf({ status, source }: ItemOf<'commandExecution'>): string {
  if (source === 'userShell' && status !== 'declined') return status === 'inProgress' ? 'You run ' : 'You ran ';
  return status === 'inProgress' ? 'Running ' : status === 'declined' ? 'Not run ' : 'Ran ';
}

function stateOf({ status, exitCode, durationMs }: ItemOf<'commandExecution'>, isCutOff: boolean): Span[] {
  if (status === 'inProgress') return [];
  if (status === 'declined') return [span(' · declined', 'bad')];
  const time = typeof durationMs === 'number' && durationMs >= 1000 ? ` · ${duration(durationMs)}` : '';
  const isBad = typeof exitCode === 'number' ? exitCode !== 0 : status === 'failed';
  const code = typeof exitCode === 'number' ? ` · exit ${exitCode}` : isBad && !isCutOff ? ' · failed' : '';
  return [span(`${code}${time}`, isBad ? 'bad' : 'dim')];
}

/** The end of an output, or all of it. */
export function outputRows(output: string, columns: number, detail: 'short' | 'full'): Line[] {
  const limit = detail === 'full' ? FULL_OUTPUT_LENGTH : SHORT_OUTPUT_LENGTH;
  const cut = output.length > limit ? afterLineFeed(output.slice(-limit)) : output;
  const text = sanitize(cut).trimEnd();
  if (text === '') return [];
  const inner = Math.max(1, columns - 4);
  const rows = detail === 'full' ? wrapText(text, 'dim', inner) : lastRows(text, inner);
  const hidden = countLineFeeds(output.trimEnd()) + 1 - rows.length;
  const isCut = detail === 'short' && hidden > 0;
  const more = isCut ? [row(`… +${hidden} lines (ctrl+o shows all)`, 'dim')] : [];
  return wrapWithPrefix([...more, ...rows], columns, span('  └ ', 'dim'), span('    ', 'dim'));
}

/** The last rows of a text, without wrapping what stands before them. */
function lastRows(text: string, columns: number): Line[] {
  const rows: Line[] = [];
  for (const line of text.split('\n').reverse()) {
    rows.unshift(...wrapText(line, 'dim', columns));
    if (rows.length >= SHORT_OUTPUT_ROWS) break;
  }
  return rows.slice(-SHORT_OUTPUT_ROWS);
}

function countLineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

const afterLineFeed = (text: string): string => text.slice(text.indexOf('\n') + 1);
