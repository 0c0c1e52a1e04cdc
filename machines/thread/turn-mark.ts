import type { ContextFacts } from '../context/context-items.ts';
import type { ResponseItem } from '../model/response-item.ts';
import type { Usage } from '../model/usage.ts';
import type { TurnContextLine } from './rollout-line.ts';

/**
 * The state before a turn. The history is named and not copied: it only grows, and is replaced as a whole where it is
 * shortened, so that its first `length` items stay what they were.
 */
export interface TurnMark {
  readonly history: readonly ResponseItem[];
  readonly length: number;
  readonly context: ContextFacts | null;
  readonly lastContext: TurnContextLine | null;
  readonly last: Usage | null;
}
