import { type AnyRequest, checkAgainst, type ParamsIn, type ParamsOf, type ResultOf } from './define.ts';
import {
  askedElicitation,
  elicitationAnswer,
  elicitationParams,
  elicitationResult,
  misfitOfElicitation,
} from './elicitation.ts';
import { commandApprovalRequest, fileChangeApprovalRequest, userInputRequest } from './methods/approval.ts';
import { mcpServerElicitationRequest, TOOL_APPROVAL_KIND, toolApprovalMeta } from './methods/mcp-server.ts';
import type {
  AnswerContent,
  ApprovalDecision,
  OpenApproval,
  QuestionAnswer,
  QuestionKindName,
  UserInputQuestion,
} from './types/approval.ts';
import type { ActiveFlag } from './types/thread.ts';

/**
 * One kind of question to people, as both ends have to know it. A further kind is a name in `openApproval`, an entry of
 * the table below, and an overlay.
 */
export interface QuestionKind<Definition extends AnyRequest = AnyRequest> {
  /** The reference's request for it; its params and answers are translated below (protocol.md §9.5). */
  readonly request: Definition;
  /** What a thread's status says while it is open. */
  readonly flag: ActiveFlag;
  /** The answers that we offer. */
  readonly decisions: readonly ApprovalDecision[];
  readonly toParams: (open: OpenApproval) => ParamsIn<Definition>;
  /** What a request of another server adds to what all kinds have; null: it cannot be shown. */
  readonly fromParams: (
    params: unknown,
  ) => Partial<Pick<OpenApproval, 'form' | 'reason' | 'command' | 'mcpTool'>> | null;
  readonly toAnswer: (result: ResultOf<Definition>) => QuestionAnswer;
  /** Null: the reference's protocol has no such answer; its clients stop the turn instead. */
  readonly toResult: (answer: QuestionAnswer) => ResultOf<Definition> | null;
  /** Why what was filled in does not fit the question; null: it does. Asked only of answers that accept. */
  readonly misfit: (open: OpenApproval, content: AnswerContent | null) => string | null;
}

/** Keeps what a kind declares true to its request, and forgets the request's type for the table. */
const defineKind = <Definition extends AnyRequest>(kind: QuestionKind<Definition>): QuestionKind =>
  kind as unknown as QuestionKind;

const everyDecision: readonly ApprovalDecision[] = ['accept', 'acceptForSession', 'decline', 'cancel'];

/** What an approval is: yes or no, and nothing to fill in. */
const approval = {
  flag: 'waitingOnApproval',
  decisions: everyDecision,
  fromParams: () => ({}),
  toAnswer: ({ decision }: { decision: ApprovalDecision }) => ({ decision, content: null }),
  toResult: ({ decision }: QuestionAnswer) => ({ decision }),
  misfit: (_: OpenApproval, content: AnswerContent | null) => (content === null ? null : 'nothing is to be filled in'),
} as const;

const ofItem = ({ threadId, turnId, itemId }: OpenApproval) => ({ threadId, turnId, itemId });

export const questionKinds: Readonly<Record<QuestionKindName, QuestionKind>> = {
  command: defineKind({
    ...approval,
    request: commandApprovalRequest,
    toParams: (open) => {
      const { startedAtMs, reason, command, cwd, availableDecisions } = open;
      return { ...ofItem(open), startedAtMs, reason, command, cwd, availableDecisions };
    },
  }),
  fileChange: defineKind({
    ...approval,
    request: fileChangeApprovalRequest,
    toParams: (open) => ({
      ...ofItem(open),
      startedAtMs: open.startedAtMs,
      reason: open.reason,
      grantRoot: null,
    }),
  }),
  mcpToolCall: defineKind({
    ...approval,
    request: mcpServerElicitationRequest,
    toParams: toolQuestion,
    fromParams: askedTool,
    toAnswer: toolAnswer,
    toResult: toolResult,
  }),
  // A server's own question, by the same request: what is no question about a tool is one of these.
  mcpElicitation: defineKind({
    request: mcpServerElicitationRequest,
    // As in the reference, though nothing is permitted by it.
    flag: 'waitingOnApproval',
    decisions: ['accept', 'decline', 'cancel'],
    toParams: elicitationParams,
    fromParams: askedElicitation,
    toAnswer: elicitationAnswer,
    toResult: elicitationResult,
    misfit: misfitOfElicitation,
  }),
  userInput: defineKind({
    request: userInputRequest,
    flag: 'waitingOnUserInput',
    decisions: ['accept', 'decline', 'cancel'],
    toParams: (open) => ({
      ...ofItem(open),
      questions: questionsOf(open),
      isBlocking: true,
      autoResolutionMs: null,
    }),
    fromParams: (params) => {
      const checked = checkAgainst(userInputRequest.params, params);
      return checked.ok ? askedQuestions((checked.value as ParamsOf<typeof userInputRequest>).questions) : null;
    },
    toAnswer: (content) => ({ decision: 'accept', content }),
    // Declined: no question is answered, and the turn goes on.
    toResult: ({ decision, content }) =>
      decision === 'cancel' ? null : ((content ?? { answers: {} }) as ResultOf<typeof userInputRequest>),
    misfit: misfitOfInput,
  }),
};

const SESSION = 'session';

/** The reference asks whether an MCP tool may be called as if its server asked, with an empty form (protocol.md §9.5). */
function toolQuestion(open: OpenApproval): ParamsIn<typeof mcpServerElicitationRequest> {
  const { threadId, turnId } = open;
  const { server = '', tool = '', description = null } = open.mcpTool ?? {};
  return {
    threadId,
    turnId,
    serverName: server,
    mode: 'form',
    message: `Allow the ${server} MCP server to run tool "${tool}"?`,
    requestedSchema: { type: 'object', properties: {} },
    _meta: {
      codex_approval_kind: TOOL_APPROVAL_KIND,
      persist: [SESSION],
      tool_name: tool,
      tool_description: description,
      tool_params: open.mcpTool?.arguments ?? null,
    },
  };
}

/** Null: the server asks for something else by the same request. */
function askedTool(params: unknown): Partial<Pick<OpenApproval, 'reason' | 'command' | 'mcpTool'>> | null {
  const checked = checkAgainst(mcpServerElicitationRequest.params, params);
  if (!checked.ok) return null;
  const { serverName, message, _meta } = checked.value as ParamsOf<typeof mcpServerElicitationRequest>;
  const known = checkAgainst(toolApprovalMeta, _meta);
  if (!known.ok) return null;
  const { tool_name, tool_description, tool_params } = known.value as ParamsOf<{ params: typeof toolApprovalMeta }>;
  const tool = tool_name ?? '';
  return {
    reason: message,
    command: `${serverName}.${tool} ${JSON.stringify(tool_params ?? {})}`,
    mcpTool: { server: serverName, tool, description: tool_description ?? null, arguments: tool_params },
  };
}

function toolAnswer({ action, _meta }: ResultOf<typeof mcpServerElicitationRequest>): QuestionAnswer {
  const isForThread = (_meta as { readonly persist?: unknown } | null | undefined)?.persist === SESSION;
  return { decision: action === 'accept' && isForThread ? 'acceptForSession' : action, content: null };
}

function toolResult({ decision }: QuestionAnswer): ResultOf<typeof mcpServerElicitationRequest> {
  if (decision === 'acceptForSession') return { action: 'accept', content: {}, _meta: { persist: SESSION } };
  return decision === 'accept' ? { action: decision, content: {} } : { action: decision };
}

/** Questions as a form, and in one line for where there is no room for one. */
export function askedQuestions(questions: UserInputQuestion[]): Pick<OpenApproval, 'form' | 'reason'> {
  return { form: { type: 'userInput', questions }, reason: questions.map(({ question }) => question).join(' ') };
}

const questionsOf = ({ form }: OpenApproval) => (form?.type === 'userInput' ? form.questions : []);

/** A question may be left without an answer: the model sees that. */
function misfitOfInput(open: OpenApproval, content: AnswerContent | null): string | null {
  if (content === null) return 'the answers are missing';
  const checked = checkAgainst(userInputRequest.result, content);
  if (!checked.ok) return checked.why;
  const ids = new Set(questionsOf(open).map(({ id }) => id));
  const { answers } = checked.value as ResultOf<typeof userInputRequest>;
  const stranger = Object.keys(answers).find((id) => !ids.has(id));
  return stranger === undefined ? null : `no question has the id ${stranger}`;
}

/** What a request of the reference's protocol asks, and what its kind reads in it; null: it cannot be shown. */
export function askedBy(
  method: string,
  params: unknown,
): { readonly kind: QuestionKindName; readonly own: NonNullable<ReturnType<QuestionKind['fromParams']>> } | null {
  for (const kind of Object.keys(questionKinds) as QuestionKindName[]) {
    const { request, fromParams } = questionKinds[kind];
    const own = request.method === method ? fromParams(params) : null;
    if (own !== null) return { kind, own };
  }
  return null;
}

/** An answer to such a request; null for an error, or for what is no answer. */
export function answerOf(kind: QuestionKindName, result: unknown): QuestionAnswer | null {
  const { request, toAnswer } = questionKinds[kind];
  const checked = checkAgainst(request.result, result);
  return checked.ok ? toAnswer(checked.value) : null;
}

/** What a thread's status says while these questions are open. */
export function activeFlagsOf(open: readonly Pick<OpenApproval, 'kind'>[]): ActiveFlag[] {
  return [...new Set(open.map(({ kind }) => questionKinds[kind].flag))];
}
