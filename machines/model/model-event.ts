import type { ResponseItem } from './response-item.ts';
import type { Usage } from './usage.ts';

/**
 * What one streamed response says, in order (agent.md §3). A response that ends well ends with `completed`;
 * everything else ends with a `ModelError`. Deltas without a later `itemDone` are dropped from the history.
 */
export type ModelEvent =
  | { readonly type: 'created'; readonly responseId: string }
  | { readonly type: 'itemAdded'; readonly item: ResponseItem }
  | { readonly type: 'textDelta'; readonly itemId: string; readonly delta: string }
  | { readonly type: 'reasoningSummaryPartAdded'; readonly itemId: string; readonly summaryIndex: number }
  | {
      readonly type: 'reasoningSummaryDelta';
      readonly itemId: string;
      readonly summaryIndex: number;
      readonly delta: string;
    }
  | {
      readonly type: 'reasoningTextDelta';
      readonly itemId: string;
      readonly contentIndex: number;
      readonly delta: string;
    }
  | { readonly type: 'toolInputDelta'; readonly itemId: string; readonly delta: string }
  | { readonly type: 'itemDone'; readonly item: ResponseItem }
  | { readonly type: 'completed'; readonly responseId: string; readonly usage: Usage | null };
