import type { RecordedBody, RecordedItem, RecordedRequest } from './steps.ts';

/** Throws with everything that is wrong with a request, judged by agent.md §2 (0.169). */
export function assertValidRequest(request: RecordedRequest): void {
  const problems = [...headerProblems(request), ...bodyProblems(request.body), ...inputProblems(request.body.input)];
  if (problems.length === 0) return;
  throw new Error(`request ${request.index} is not valid:\n- ${problems.join('\n- ')}`);
}

/** The texts of the user's messages, oldest first, context items included. */
export function userTexts(request: RecordedRequest): readonly string[] {
  return request.body.input.filter((each) => each.type === 'message' && each.role === 'user').flatMap(textsOf);
}

/** The outputs sent along, by call id; lists of parts as JSON. */
export function outputsOf(request: RecordedRequest): Readonly<Record<string, string>> {
  const outputs = request.body.input.filter((each) => callKinds.some(([, output]) => output === each.type));
  return Object.fromEntries(outputs.map((each) => [each.call_id, asText(each.output)]));
}

function asText(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output);
}

function textsOf(each: RecordedItem): readonly string[] {
  return partsOf(each).flatMap((part) => (typeof part.text === 'string' ? [part.text] : []));
}

function partsOf(each: RecordedItem): readonly RecordedItem[] {
  return Array.isArray(each.content) ? each.content : [];
}

function headerProblems({ method, path, headers, body }: RecordedRequest): readonly string[] {
  const threadId = headers['thread-id'];
  return collect([
    [method === 'POST' && path.endsWith('/responses'), `sent as ${method} ${path}`],
    [headers['content-type'] === 'application/json', `content-type is ${headers['content-type']}`],
    [headers.accept === 'text/event-stream', `accept is ${headers.accept}`],
    [Boolean(headers.originator), 'no originator'],
    [
      Boolean(headers['user-agent']) && !/OpenAI/.test(headers['user-agent'] ?? ''),
      `user-agent is ${headers['user-agent']}`,
    ],
    [Boolean(threadId), 'no thread-id'],
    [headers['session-id'] === threadId && headers['x-client-request-id'] === threadId, 'the three ids differ'],
    [body.prompt_cache_key === threadId, 'prompt_cache_key is not the thread id'],
    [!Object.keys(headers).some((name) => name.startsWith('x-stainless')), 'headers of the SDK are sent'],
  ]);
}

function bodyProblems(body: RecordedBody): readonly string[] {
  const include = body.reasoning === undefined ? [] : ['reasoning.encrypted_content'];
  return collect([
    [typeof body.model === 'string' && body.model !== '', 'no model'],
    [body.stream === true, 'stream is not true'],
    [body.store === false, 'store is not false'],
    [body.tool_choice === 'auto', 'tool_choice is not auto'],
    [typeof body.parallel_tool_calls === 'boolean', 'parallel_tool_calls is no boolean'],
    [JSON.stringify(body.include) === JSON.stringify(include), `include is ${JSON.stringify(body.include)}`],
    [!('instructions' in body), 'instructions is sent; 0.169 sends a developer message'],
    [Array.isArray(body.tools), 'tools is no list'],
    ...(body.tools ?? []).map(toolProblem),
  ]);
}

function toolProblem(tool: Readonly<Record<string, unknown>>): Check {
  const isNamed = typeof tool.name === 'string' && tool.name !== '' && typeof tool.description === 'string';
  if (tool.type === 'function') {
    return [
      isNamed && isSchema(tool.parameters) && tool.strict === false,
      `bad function tool ${JSON.stringify(tool.name)}`,
    ];
  }
  if (tool.type === 'custom')
    return [isNamed && typeof tool.format === 'object', `bad custom tool ${JSON.stringify(tool.name)}`];
  return [typeof tool.type === 'string', `a tool without a type: ${JSON.stringify(tool)}`];
}

function isSchema(parameters: unknown): boolean {
  return typeof parameters === 'object' && parameters !== null && 'type' in parameters && parameters.type === 'object';
}

function inputProblems(input: readonly RecordedItem[]): readonly string[] {
  if (!Array.isArray(input) || input.length === 0) return ['input is empty'];
  return [
    ...collect([[input[0]?.role === 'developer', 'the first item is no developer message']]),
    ...input.flatMap(messageProblems),
    ...callKinds.flatMap(([callType, outputType]) => pairProblems(input, callType, outputType)),
    ...orderProblems(input),
  ];
}

function messageProblems(each: RecordedItem, index: number): readonly string[] {
  if (each.type !== 'message') return [];
  const isAssistant = each.role === 'assistant';
  const allowed = isAssistant ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file'];
  const wrong = partsOf(each).filter((part) => !allowed.includes(part.type));
  return collect([
    [['user', 'assistant', 'developer'].includes(String(each.role)), `item ${index} has the role ${each.role}`],
    [partsOf(each).length > 0, `item ${index} is an empty message`],
    [wrong.length === 0, `item ${index} (${each.role}) has parts of type ${wrong.map((part) => part.type)}`],
  ]);
}

const callKinds = [
  ['function_call', 'function_call_output'],
  ['custom_tool_call', 'custom_tool_call_output'],
] as const;

/** Walks the input: each call opens, the next output of its id closes. */
function pairProblems(input: readonly RecordedItem[], callType: string, outputType: string): readonly string[] {
  const open = new Set<unknown>();
  const problems: string[] = [];
  for (const each of input) {
    if (each.type === callType) {
      if (open.has(each.call_id)) problems.push(`call ${each.call_id} is made again before its output`);
      open.add(each.call_id);
    } else if (each.type === outputType && !open.delete(each.call_id)) {
      problems.push(`an output for ${each.call_id}, which is not an open call`);
    }
  }
  return [...problems, ...[...open].map((callId) => `call ${callId} has no output`)];
}

/** Calls that stand side by side get their outputs in the order of the calls (agent.md §1). */
function orderProblems(input: readonly RecordedItem[]): readonly string[] {
  const isCall = (each: RecordedItem | undefined) => callKinds.some(([callType]) => callType === each?.type);
  return input.flatMap((each, index) => {
    const next = input[index + 1];
    if (!isCall(each) || !next || !isCall(next)) return [];
    const rest = input.slice(index + 2).map((later) => (String(later.type).endsWith('_output') ? later.call_id : null));
    const isInOrder = rest.indexOf(each.call_id) <= rest.indexOf(next.call_id);
    return isInOrder ? [] : [`the output of ${next.call_id} stands before that of ${each.call_id}`];
  });
}

type Check = readonly [isFine: boolean, problem: string];

function collect(checks: readonly Check[]): readonly string[] {
  return checks.filter(([isFine]) => !isFine).map(([, problem]) => problem);
}
