import * as v from 'valibot';
import { messageOf } from '../../machines/core/errors.ts';
import { decideElicitation } from '../../machines/policy/elicitation.ts';
import { elicitationQuestion, elicitationResult } from '../../machines/protocol/elicitation.ts';
import { type Elicitation, elicitationSchema } from '../../machines/protocol/types/elicitation.ts';
import type { AskedAnswer, AskedParams, AskPeople } from '../mcp/call-asks.ts';
import type { ToolContext } from './define-tool.ts';

const both = { message: v.string(), _meta: v.optional(v.unknown()) };

/** `elicitation/create` of a server; without a mode it is a form. */
const asked = v.union([
  v.object({ mode: v.literal('url'), ...both, url: v.string(), elicitationId: v.string() }),
  v.object({ mode: v.optional(v.literal('form')), ...both, requestedSchema: elicitationSchema }),
]);

/** Puts what a server asks in the middle of a call to the people on the call's thread. */
export function askAbout(server: string, { turn, ask, announce }: ToolContext): AskPeople {
  const { approvalPolicy } = turn.settings;
  const fullAccess = turn.sandboxPolicy.type === 'dangerFullAccess';
  return async (params, signal) => {
    const form = toForm(server, params);
    const decided = decideElicitation(form, { approvalPolicy, fullAccess });
    if (decided === 'decline') return { action: decided };
    if (decided === 'accept') return answered(form, {});
    const question = { kind: 'mcpElicitation', command: null, cwd: null, ...elicitationQuestion(form) } as const;
    try {
      const { action, content } = elicitationResult(await ask(question, signal));
      return action === 'accept' ? answered(form, content ?? {}) : { action };
    } catch (error) {
      // The server is not told of our files; the people are.
      const message = `What the MCP server ${server} asked could not be kept, so nobody was asked: ${messageOf(error)}`;
      announce({ method: 'warning', params: { threadId: turn.threadId, message } });
      return { action: 'cancel' };
    }
  };
}

/** What comes of an address is between the person and the server. */
const answered = ({ type }: Elicitation, content: Readonly<Record<string, unknown>>): AskedAnswer =>
  type === 'mcpForm' ? { action: 'accept', content } : { action: 'accept' };

function toForm(server: string, params: AskedParams): Elicitation {
  const { message, _meta: meta, ...rest } = v.parse(asked, params);
  const form = { server, message, meta };
  return 'url' in rest
    ? { type: 'mcpUrl', ...form, url: rest.url, elicitationId: rest.elicitationId }
    : { type: 'mcpForm', ...form, schema: rest.requestedSchema };
}
