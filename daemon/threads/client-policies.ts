import { clientKey, NO_OWN_POLICY, type OwnPolicy } from '../../machines/policy/own-policy.ts';
import type { ClientTag } from '../../machines/protocol/types/item.ts';

type AskedPolicy = { readonly [Key in keyof OwnPolicy]?: OwnPolicy[Key] | undefined };

/** Whose turn a call belongs to. */
interface TurnOwner {
  readonly turnId: string;
  readonly sentBy: ClientTag | null;
}

/**
 * What each client of a thread asked for its own turns, and what it allowed for good. In memory only, like the
 * environments: after a restart everybody asks anew.
 */
export class ClientPolicies {
  private readonly own = new Map<string, OwnPolicy>();
  private readonly grants = new Map<string, Set<string>>();

  of(client: ClientTag | null): OwnPolicy {
    return (client && this.own.get(clientKey(client))) ?? NO_OWN_POLICY;
  }

  set(client: ClientTag, policy: OwnPolicy): void {
    this.own.set(clientKey(client), policy);
  }

  /** What a client asks with one turn counts for its later turns too, as in the reference. */
  applied(client: ClientTag | null, asked: AskedPolicy): OwnPolicy {
    const known = this.of(client);
    const policy = {
      approvalPolicy: asked.approvalPolicy ?? known.approvalPolicy,
      sandboxPolicy: asked.sandboxPolicy ?? known.sandboxPolicy,
    };
    if (client && (asked.approvalPolicy || asked.sandboxPolicy)) this.set(client, policy);
    return policy;
  }

  /**
   * Somebody changed the thread's own policy, for all: what was asked before it does not count any more.
   * @returns whether anybody had asked
   */
  forget(changed: { readonly approvalPolicy: boolean; readonly sandboxPolicy: boolean }): boolean {
    const before = [...this.own];
    for (const [key, policy] of before)
      this.own.set(key, {
        approvalPolicy: changed.approvalPolicy ? null : policy.approvalPolicy,
        sandboxPolicy: changed.sandboxPolicy ? null : policy.sandboxPolicy,
      });
    return before.some(
      ([, had]) =>
        (changed.approvalPolicy && had.approvalPolicy !== null) ||
        (changed.sandboxPolicy && had.sandboxPolicy !== null),
    );
  }

  /** Allows calls for the rest of the turn that asked, and in the turns of the client that answered. */
  grant(keys: readonly string[], turnId: string, by: ClientTag | null): void {
    for (const owner of [turnId, ...(by ? [clientKey(by)] : [])]) {
      const known = this.grants.get(owner) ?? new Set();
      for (const key of keys) known.add(key);
      this.grants.set(owner, known);
    }
  }

  /** What may run unasked in a turn. */
  grantsOf({ turnId, sentBy }: TurnOwner): Pick<ReadonlySet<string>, 'has'> {
    const owners = [turnId, ...(sentBy ? [clientKey(sentBy)] : [])];
    return { has: (key) => owners.some((owner) => this.grants.get(owner)?.has(key)) };
  }

  /** Goes on where another left off: the thread was read anew. */
  adopt(earlier: ClientPolicies): void {
    for (const [key, policy] of earlier.own) this.own.set(key, policy);
    for (const [owner, keys] of earlier.grants) this.grants.set(owner, keys);
  }
}
