import type { Elicitation } from '../protocol/types/elicitation.ts';
import type { ApprovalPolicy } from '../protocol/types/policy.ts';

/**
 * Whether people are asked what an MCP server wants to know in the middle of a call, or what it is answered at once (as
 * the reference does). Where nobody may be asked it is declined; under full access a yes without anything to fill in
 * is a permission like others.
 */
export function decideElicitation(
  asked: Elicitation,
  { approvalPolicy, fullAccess }: { readonly approvalPolicy: ApprovalPolicy; readonly fullAccess: boolean },
): 'ask' | 'accept' | 'decline' {
  if (approvalPolicy !== 'never') return 'ask';
  const isBare = asked.type === 'mcpForm' && Object.keys(asked.schema.properties).length === 0;
  return fullAccess && isBare ? 'accept' : 'decline';
}
