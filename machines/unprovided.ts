import { fromPromise, type PromiseActorLogic } from 'xstate';

/**
 * The typed place of an effect that the daemon supplies with `machine.provide`.
 * Run without its body it rejects, naming itself.
 */
export function unprovided<Output, Input>(name: string): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(async () => {
    throw new Error(`effect ${name} was not provided`);
  });
}
