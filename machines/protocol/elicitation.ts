import { checkAgainst, type ParamsIn, type ParamsOf, type ResultOf } from './define.ts';
import { misfitOfContent } from './elicitation-content.ts';
import { mcpServerElicitationRequest, TOOL_APPROVAL_KIND } from './methods/mcp-server.ts';
import type { AnswerContent, OpenApproval, QuestionAnswer } from './types/approval.ts';
import type { Elicitation } from './types/elicitation.ts';

/** How what an MCP server asks for itself is put to people and answered (protocol.md §9.5). */

type Request = typeof mcpServerElicitationRequest;

/** Of a question's one line; the form holds all of it. */
const MAX_SHOWN = 2_000;

/** The form, and the question in one line for where there is no room for it. */
export function elicitationQuestion(form: Elicitation): Pick<OpenApproval, 'form' | 'reason'> {
  return { form, reason: `the MCP server ${form.server} asks: ${form.message}`.slice(0, MAX_SHOWN) };
}

/** What the question asks for; null: it is of another kind. */
export const elicitationOf = ({ form }: Pick<OpenApproval, 'form'>): Elicitation | null =>
  form?.type === 'mcpForm' || form?.type === 'mcpUrl' ? form : null;

export function elicitationParams(open: OpenApproval): ParamsIn<Request> {
  const { threadId, turnId } = open;
  const asked = elicitationOf(open);
  if (!asked) throw new Error(`${open.approvalId} is not asked by an MCP server`);
  const { server: serverName, message } = asked;
  const both = { threadId, turnId, serverName, message, _meta: ownMeta(asked.meta) };
  if (asked.type === 'mcpForm') return { ...both, mode: 'form', requestedSchema: asked.schema };
  return { ...both, mode: 'url', url: asked.url, elicitationId: asked.elicitationId };
}

/** A server must not pass its question off as the daemon's, whether a tool may be called. */
function ownMeta(meta: unknown): unknown {
  if (typeof meta !== 'object' || meta === null) return null;
  const { codex_approval_kind: kind, ...rest } = meta as Readonly<Record<string, unknown>>;
  return kind === TOOL_APPROVAL_KIND ? rest : meta;
}

/** Null: it cannot be shown. */
export function askedElicitation(params: unknown): Pick<OpenApproval, 'form' | 'reason'> | null {
  const checked = checkAgainst(mcpServerElicitationRequest.params, params);
  if (!checked.ok) return null;
  const asked = checked.value as ParamsOf<Request>;
  const both = { server: asked.serverName, message: asked.message, meta: asked._meta };
  return elicitationQuestion(
    asked.mode === 'form'
      ? { type: 'mcpForm', ...both, schema: asked.requestedSchema }
      : { type: 'mcpUrl', ...both, url: asked.url, elicitationId: asked.elicitationId },
  );
}

export const elicitationAnswer = ({ action, content }: ResultOf<Request>): QuestionAnswer => ({
  decision: action,
  content: action === 'accept' ? (content ?? null) : null,
});

export function elicitationResult({ decision, content }: QuestionAnswer): ResultOf<Request> {
  if (decision === 'decline' || decision === 'cancel') return { action: decision };
  return { action: 'accept', content: content ?? {} };
}

/** An address is gone to, or not; there is nothing to fill in here. */
export function misfitOfElicitation(open: OpenApproval, content: AnswerContent | null): string | null {
  const asked = elicitationOf(open);
  if (asked?.type === 'mcpForm') return misfitOfContent(asked.schema, content);
  return content === null || Object.keys(content).length === 0 ? null : 'nothing is to be filled in';
}
