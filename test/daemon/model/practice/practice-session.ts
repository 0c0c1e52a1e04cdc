import { execFile } from 'node:child_process';
import { cp, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import type {
  Response,
  ResponseCreateParams,
  ResponseInputItem,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses';
import { createPracticeFetch } from '../../../../daemon/model/practice/practice-fetch.ts';
import { verifyPatch, writeChanges } from '../../../../daemon/tools/patch-files.ts';
import { formatExecOutput } from '../../../../machines/exec/format-output.ts';
import { summarizeChanges } from '../../../../machines/patch/apply-patch.ts';
import { PatchError, verificationFailureText } from '../../../../machines/patch/patch-error.ts';

/** A call as the model made it; `input` holds the JSON of a function's arguments, or a custom tool's text. */
export interface MadeCall {
  readonly name: string;
  readonly input: string;
}

export interface Turn {
  /** The last message of the turn. */
  readonly answer: string;
  readonly messages: readonly string[];
  readonly calls: readonly MadeCall[];
  /** Responses that the turn took. */
  readonly steps: number;
}

export interface SessionOptions {
  readonly cwd: string;
  readonly tools?: readonly string[];
  readonly approvalPolicy?: string;
  /** An output in place of running the call; null runs it. */
  readonly intercept?: (call: MadeCall, count: number) => string | null;
}

const ALL_TOOLS = ['exec_command', 'write_stdin', 'update_plan', 'apply_patch'];

/** A thread with the practice model: sends prompts through the openai SDK and really runs the calls, unsandboxed. */
export function startSession({ cwd, tools = ALL_TOOLS, approvalPolicy = 'on-request', intercept }: SessionOptions) {
  const client = createClient();
  const history: ResponseInputItem[] = contextItems(cwd, approvalPolicy);

  async function ask(prompt: string): Promise<Turn> {
    history.push({ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] });
    const messages: string[] = [];
    const calls: MadeCall[] = [];
    for (let steps = 1; ; steps += 1) {
      const { output } = await respond(client, history, tools);
      history.push(...(output as ResponseInputItem[]));
      messages.push(...output.flatMap((item) => (item.type === 'message' ? textOf(item) : [])));
      const made = output.flatMap((item) => toCall(item));
      if (made.length === 0) return { answer: messages.at(-1) ?? '', messages, calls, steps };
      for (const { call, callId, kind } of made) {
        calls.push(call);
        const text = intercept?.(call, calls.length) ?? (await runCall(call, cwd));
        history.push({ type: kind, call_id: callId, output: text });
      }
    }
  }

  return { ask, history };
}

let lastId = 0;

export function createClient(pause: () => Promise<void> = async () => {}): OpenAI {
  const fetch = createPracticeFetch({ pause, createId: () => `id${++lastId}`, now: () => 1_000_000 });
  return new OpenAI({ apiKey: 'none', baseURL: 'http://practice.invalid/v1', maxRetries: 0, fetch });
}

export function requestBody(
  input: ResponseInputItem[] | string,
  tools: readonly string[],
): ResponseCreateParams & { stream: true } {
  return { model: 'practice', input, stream: true, store: false, tools: tools.map(toolOf) };
}

async function respond(client: OpenAI, input: ResponseInputItem[], tools: readonly string[]): Promise<Response> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of await client.responses.create(requestBody(input, tools))) events.push(event);
  const last = events.at(-1);
  if (last?.type !== 'response.completed') throw new Error(`the stream ended with ${last?.type}`);
  return last.response;
}

function toolOf(name: string): OpenAI.Responses.Tool {
  if (name === 'apply_patch') return { type: 'custom', name };
  return { type: 'function', name, strict: false, parameters: { type: 'object', properties: {} } };
}

export function contextItems(cwd: string, approvalPolicy = 'on-request'): ResponseInputItem[] {
  const permissions = `<permissions instructions>The sandbox mode is workspace-write. The approval policy is ${approvalPolicy}.</permissions instructions>`;
  const environment = `<environment_context>\n  <cwd>${cwd}</cwd>\n  <shell>bash</shell>\n</environment_context>`;
  return [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: permissions }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: environment }] },
  ];
}

function textOf(item: OpenAI.Responses.ResponseOutputMessage): string {
  return item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
}

interface Pending {
  readonly call: MadeCall;
  readonly callId: string;
  readonly kind: 'function_call_output' | 'custom_tool_call_output';
}

function toCall(item: OpenAI.Responses.ResponseOutputItem): readonly Pending[] {
  if (item.type === 'function_call') {
    return [{ call: { name: item.name, input: item.arguments }, callId: item.call_id, kind: 'function_call_output' }];
  }
  if (item.type !== 'custom_tool_call') return [];
  return [{ call: { name: item.name, input: item.input }, callId: item.call_id, kind: 'custom_tool_call_output' }];
}

async function runCall({ name, input }: MadeCall, cwd: string): Promise<string> {
  if (name === 'apply_patch') return runPatch(input, cwd);
  if (name === 'update_plan') return 'Plan updated';
  if (name !== 'exec_command') return `unsupported call: ${name}`;
  const { cmd } = JSON.parse(input) as { cmd: string };
  return runShell(cmd, cwd);
}

/** The daemon's own patch engine judges the practice model's patches. */
async function runPatch(text: string, cwd: string): Promise<string> {
  const { signal } = new AbortController();
  try {
    const { changes, shownPath } = await verifyPatch(text, cwd, signal);
    await writeChanges(changes, signal);
    return `Exit code: 0\nWall time: 0.0 seconds\nOutput:\n${summarizeChanges(changes, shownPath)}`;
  } catch (error) {
    if (error instanceof PatchError) return verificationFailureText(error);
    throw error;
  }
}

function runShell(cmd: string, cwd: string): Promise<string> {
  // Node's test runner behaves differently below another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', `exec 2>&1; ${cmd}`], { cwd, env, timeout: 20_000 }, (_error, stdout) => {
      resolve(execOutput(stdout, child.exitCode ?? 1));
    });
    child.stdin?.end();
  });
}

/** The text that exec_command gives for a command that has ended (agent.md §7). */
export function execOutput(output: string, exitCode: number): string {
  const state = { kind: 'exited', exitCode } as const;
  return formatExecOutput({
    chunkId: 'abc123',
    wallTimeMs: 5,
    state,
    output,
    originalBytes: null,
    maxOutputTokens: 6_000,
  });
}

export const exampleFolder = new URL('../../../../daemon/model/practice/example', import.meta.url).pathname;

/** A folder of the test's own below the temporary folder, removed by `remove`; `copy` fills it with the example. */
export async function makeFolder({ copy }: { copy: boolean }) {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'practice-')));
  const cwd = join(base, 'work');
  await cp(exampleFolder, cwd, { recursive: true, filter: (path) => copy || path === exampleFolder });
  return { base, cwd, remove: () => rm(base, { recursive: true, force: true }) };
}
