/** How a model marks the plan that it proposes: lines of their own around it, as in the reference (seen in 0.169). */
export const PLAN_BEGINS = '<proposed_plan>';
export const PLAN_ENDS = '</proposed_plan>';

/** A piece of an answer. */
export interface AnswerPiece {
  readonly kind: 'said' | 'planned';
  readonly text: string;
}

/**
 * Divides an answer into what is said and the plan that it proposes, piece by piece as it comes: nothing of a mark is
 * ever given out, and nothing else is held back for longer than it could become one.
 */
export class PlanSplitter {
  private isInPlan = false;
  /** The beginning of a line that may become a mark; null: this line is none. */
  private held: string | null = '';

  /** Takes the next text of the answer. */
  push(text: string): AnswerPiece[] {
    return linesOf(text).flatMap((line) => this.take(line));
  }

  /** The answer is over: what was held back is either. */
  end(): AnswerPiece[] {
    return this.held === null ? [] : this.decide(this.held);
  }

  private take(line: string): AnswerPiece[] {
    const isWhole = line.endsWith('\n');
    if (this.held === null) {
      if (isWhole) this.held = '';
      return [this.piece(line)];
    }
    this.held += line;
    return isWhole || !this.mayBecomeMark(this.held) ? this.decide(this.held) : [];
  }

  private decide(line: string): AnswerPiece[] {
    this.held = line.endsWith('\n') ? '' : null;
    if (line.trim() !== this.mark) return line === '' ? [] : [this.piece(line)];
    this.isInPlan = !this.isInPlan;
    return [];
  }

  private mayBecomeMark(held: string): boolean {
    return this.mark.startsWith(held.trimStart()) || held.trim() === this.mark;
  }

  private get mark(): string {
    return this.isInPlan ? PLAN_ENDS : PLAN_BEGINS;
  }

  private piece(text: string): AnswerPiece {
    return { kind: this.isInPlan ? 'planned' : 'said', text };
  }
}

/** The lines of a text, each with its end. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/** A whole answer divided: what is said, and the plan; null: it has none. */
export function divideAnswer(text: string): { readonly said: string; readonly planned: string | null } {
  const splitter = new PlanSplitter();
  const pieces = [...splitter.push(text), ...splitter.end()];
  const textOf = (kind: AnswerPiece['kind']) =>
    pieces
      .filter((piece) => piece.kind === kind)
      .map((piece) => piece.text)
      .join('');
  const planned = textOf('planned');
  return { said: textOf('said'), planned: planned === '' ? null : planned };
}
