import type { CliContext } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type EndSignal = (typeof SIGNALS)[number];

export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'signal'; readonly signal: EndSignal };

/** The work's outcome, or the signal that came first. The work is not stopped by it: that is the caller's to decide. */
export async function untilSignal<T>({ onSignal }: CliContext, work: Promise<T>): Promise<Outcome<T>> {
  const disposals: (() => void)[] = [];
  const signalled = new Promise<Outcome<T>>((resolve) => {
    for (const signal of SIGNALS) disposals.push(onSignal(signal, () => resolve({ kind: 'signal', signal })));
  });
  const done = work.then((value): Outcome<T> => ({ kind: 'done', value }));
  done.catch(() => {}); // it may fail after the signal, when nobody listens any more
  try {
    return await Promise.race([done, signalled]);
  } finally {
    for (const dispose of disposals) dispose();
  }
}

/** Ends the command as the signal would have: Ctrl-C has an exit status, of the others the process dies. */
export function endBy({ dieBy }: CliContext, signal: EndSignal): ExitCode {
  if (signal !== 'SIGINT') dieBy(signal);
  return exitCodes.interrupted;
}
