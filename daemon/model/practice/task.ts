import type { ToolResult } from './tool-result.ts';

/** A tool call as the model asks for it; `input` is free text, `arguments` become JSON. */
export type Call =
  | { readonly kind: 'function'; readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }
  | { readonly kind: 'custom'; readonly name: string; readonly input: string };

/** One response of the model. With calls the turn goes on; without, `text` is the turn's answer. */
export interface Step {
  readonly thought: string | null;
  readonly text: string | null;
  readonly calls: readonly Call[];
}

/** What a task knows besides the prompt. */
export interface Scene {
  /** Names of the tools offered with this request. */
  readonly tools: ReadonlySet<string>;
  /** The working folder as the environment context names it. */
  readonly cwd: string | null;
  /** False when the permissions text says that nobody can be asked. */
  readonly mayAsk: boolean;
}

/** Part of a task: yields steps, is handed one result for each call of the step, and returns a T. */
export type Part<T> = Generator<Step, T, readonly ToolResult[]>;

/**
 * A job written as a straight line: it yields steps and returns the answer. It is run again from its start for
 * every request with the outputs that the conversation holds, so it must depend on nothing else.
 */
export type Task = Part<string>;

/** Ends a task early; the message is the answer that the person reads. */
export class Stop extends Error {
  override readonly name = 'Stop';
}
