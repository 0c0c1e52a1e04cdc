import type { SpokenItem } from '../../machines/protocol/spoken-item.ts';
import { type AnswerPiece, divideAnswer, PlanSplitter } from '../../machines/thread/proposed-plan.ts';

/** Where an answer in Plan mode is shown. */
export interface AnswerStage {
  /** Shows the beginning of an item, and gives it its id. */
  readonly start: (type: SpokenItem['type']) => SpokenItem;
  readonly say: (item: SpokenItem, delta: string) => void;
}

const TYPES = { said: 'agentMessage', planned: 'plan' } as const;

/** One answer of a model in Plan mode: what it says and the plan that it proposes are two items, shown as they come. */
export class PlannedAnswer {
  private readonly splitter = new PlanSplitter();
  private hasPieces = false;
  /** What is shown, in the order in which it began. */
  private readonly items: { [Kind in AnswerPiece['kind']]?: SpokenItem } = {};
  /** Blank text before the first word of each: it begins no item by itself. */
  private readonly blank = { said: '', planned: '' };

  constructor(private readonly stage: AnswerStage) {}

  push(delta: string): void {
    this.hasPieces = true;
    for (const piece of this.splitter.push(delta)) this.show(piece);
  }

  /** @param text all of the answer @returns the items as they end, in the order in which they began */
  finish(text: string): SpokenItem[] {
    if (!this.hasPieces) this.push(text);
    for (const piece of this.splitter.end()) this.show(piece);
    const { said, planned } = divideAnswer(text);
    const texts = { agentMessage: said, plan: planned ?? '' };
    for (const kind of ['said', 'planned'] as const) if (texts[TYPES[kind]].trim() !== '') this.itemOf(kind);
    return Object.values(this.items).map((item) => ({ ...item, text: texts[item.type] }));
  }

  private show({ kind, text }: AnswerPiece): void {
    const delta = this.blank[kind] + text;
    this.blank[kind] = '';
    if (!this.items[kind] && delta.trim() === '') this.blank[kind] = delta;
    else this.stage.say(this.itemOf(kind), delta);
  }

  private itemOf(kind: AnswerPiece['kind']): SpokenItem {
    const item = this.items[kind] ?? this.stage.start(TYPES[kind]);
    this.items[kind] = item;
    return item;
  }
}
