import type { ApprovalPolicy } from '../protocol/types/policy.ts';

/** What the daemon found out about a call before anything ran. */
export type CallFacts =
  /** Touches nothing: a plan, a poll of a running command. */
  | { readonly kind: 'harmless' }
  /** A client does it itself, and knows what it may do. */
  | { readonly kind: 'clientTool' }
  /** Is nothing but a question to a person. */
  | { readonly kind: 'question' }
  | {
      readonly kind: 'command';
      /** The model asked to run it outside the sandbox. */
      readonly asksEscalation: boolean;
      /** `rm -f` and the like (agent.md §9, step 3). */
      readonly isDangerous: boolean;
      readonly fullAccess: boolean;
      /** Allowed for the rest of this thread by an earlier answer. */
      readonly isGranted: boolean;
      /** The command as shown, for the text of a refusal. */
      readonly shown: string;
    }
  | {
      /** A tool of an MCP server; no sandbox holds it. */
      readonly kind: 'mcp';
      /** Its server's settings, or what it says of itself. */
      readonly needsApproval: boolean;
      readonly fullAccess: boolean;
      readonly isGranted: boolean;
    }
  | {
      readonly kind: 'patch';
      readonly insideWritableRoots: boolean;
      readonly readOnly: boolean;
      readonly isGranted: boolean;
    };

export type CallDecision =
  | { readonly type: 'run' }
  /** Runs without the sandbox: a person allowed it, or the mode is full access. */
  | { readonly type: 'runOutside' }
  | { readonly type: 'ask'; readonly thenOutside: boolean }
  | { readonly type: 'refuse'; readonly output: string };

const run = { type: 'run' } as const;
const runOutside = { type: 'runOutside' } as const;

/** Does this call need a person? (agent.md §9, without rules and the `untrusted` list, which come later.) */
export function decideCall(facts: CallFacts, policy: ApprovalPolicy): CallDecision {
  if (facts.kind === 'harmless' || facts.kind === 'clientTool') return run;
  // Not a permission: what the policy says about asking for those does not count.
  if (facts.kind === 'question') return { type: 'ask', thenOutside: false };
  if (facts.kind === 'mcp') return decideMcp(facts, policy);
  return facts.kind === 'command' ? decideCommand(facts, policy) : decidePatch(facts, policy);
}

function decideCommand(facts: Extract<CallFacts, { kind: 'command' }>, policy: ApprovalPolicy): CallDecision {
  if (facts.isGranted) return facts.asksEscalation || facts.fullAccess ? runOutside : run;
  if (facts.isDangerous) {
    if (policy === 'never')
      return {
        type: 'refuse',
        output: refused(facts.shown, 'it removes files by force, and nobody may be asked (approval policy never)'),
      };
    return { type: 'ask', thenOutside: facts.asksEscalation || facts.fullAccess };
  }
  if (facts.fullAccess) return runOutside;
  if (facts.asksEscalation) {
    if (policy === 'never') {
      return {
        type: 'refuse',
        output:
          'The approval policy is never, so a command cannot be run outside the sandbox: do not ask for it again, run it with the default permissions or find another way.',
      };
    }
    return { type: 'ask', thenOutside: true };
  }
  // The known-safe list that `untrusted` allows needs the shell parser; until then it asks for everything.
  return policy === 'untrusted' ? { type: 'ask', thenOutside: false } : run;
}

/** Full access under `never` is a person's word that nothing is to be asked or refused. */
function decideMcp(facts: Extract<CallFacts, { kind: 'mcp' }>, policy: ApprovalPolicy): CallDecision {
  if (!facts.needsApproval || facts.isGranted) return run;
  if (policy !== 'never') return { type: 'ask', thenOutside: false };
  if (facts.fullAccess) return run;
  return { type: 'refuse', output: 'MCP tool call requires approval, but approval policy is never' };
}

function decidePatch(facts: Extract<CallFacts, { kind: 'patch' }>, policy: ApprovalPolicy): CallDecision {
  if (facts.isGranted) return facts.insideWritableRoots ? run : runOutside;
  if (facts.insideWritableRoots) return policy === 'untrusted' ? { type: 'ask', thenOutside: false } : run;
  if (policy !== 'never') return { type: 'ask', thenOutside: true };
  return {
    type: 'refuse',
    output: facts.readOnly
      ? 'patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings'
      : 'patch rejected: writing outside of the project; rejected by user approval settings',
  };
}

const refused = (shown: string, why: string): string => `exec_command failed: \`${shown}\` was rejected: ${why}`;
