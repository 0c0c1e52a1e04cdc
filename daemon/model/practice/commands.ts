import { type Call, type Part, type Scene, Stop } from './task.ts';
import type { Finished, ToolResult } from './tool-result.ts';
import { quoted, shorten } from './wording.ts';

/** What goes along with a command: words before it, other calls of the same response, a wish to leave the sandbox. */
export interface CommandOptions {
  readonly text?: string;
  readonly thought?: string;
  readonly alongside?: readonly Call[];
  /** Why the command should run without the sandbox; the person is asked with these words (agent.md §9). */
  readonly escalate?: string;
}

/** How often, and for how long each time, a command that is still running is waited for. */
const MAX_POLLS = 3;
const POLL_MS = 60_000;
const MAX_OUTPUT_TOKENS = 6_000;

/** Runs commands side by side in one response and waits for each to end. Results stand in the commands' order. */
export function* runAll(
  scene: Scene,
  commands: readonly string[],
  options: CommandOptions = {},
): Part<readonly ToolResult[]> {
  if (!scene.tools.has('exec_command'))
    throw new Stop('I was offered no tool that runs commands, so I can only talk here.');
  const { text = null, thought = null, alongside = [] } = options;
  const calls = [...alongside, ...commands.map((command) => execCall(command, options.escalate))];
  const results = yield { thought, text, calls };
  const settled: ToolResult[] = [];
  for (const result of results.slice(alongside.length)) settled.push(yield* waitForEnd(scene, result));
  return settled;
}

/** One command that must come to its end; otherwise the task stops and says why. Any exit code is fine. */
export function* run(scene: Scene, command: string, options: CommandOptions = {}): Part<Finished> {
  const [result] = yield* runAll(scene, [command], options);
  return finished(`\`${command}\``, result);
}

/** The finished result, or a `Stop` that tells what kept `what` from running. */
export function finished(what: string, result: ToolResult | undefined): Finished {
  if (result?.kind === 'finished') return result;
  throw new Stop(result === undefined ? `${what} gave no result.` : whyNotFinished(what, result));
}

function execCall(cmd: string, escalate: string | undefined): Call {
  const wish = escalate === undefined ? {} : { sandbox_permissions: 'require_escalated', justification: escalate };
  // No login shell: what a profile prints would stand in the output that is looked at.
  const options = { login: false, max_output_tokens: MAX_OUTPUT_TOKENS };
  return { kind: 'function', name: 'exec_command', arguments: { cmd, ...options, ...wish } };
}

function* waitForEnd(scene: Scene, first: ToolResult): Part<ToolResult> {
  let result = first;
  let before = '';
  for (let poll = 0; result.kind === 'running' && poll < MAX_POLLS && scene.tools.has('write_stdin'); poll += 1) {
    before += result.text;
    const poke = {
      session_id: result.sessionId,
      chars: '',
      yield_time_ms: POLL_MS,
      max_output_tokens: MAX_OUTPUT_TOKENS,
    };
    const [next] = yield {
      thought: null,
      text: null,
      calls: [{ kind: 'function', name: 'write_stdin', arguments: poke }],
    };
    result = next ?? result;
  }
  return result.kind === 'finished' ? { ...result, text: before + result.text } : result;
}

/** A sentence for a person. The reason is repeated word for word: it holds the way to mend it. */
export function whyNotFinished(what: string, result: Exclude<ToolResult, Finished>): string {
  switch (result.kind) {
    case 'declined':
      return `You declined ${what}, so it was not done and I stop here. Ask again whenever you want it.`;
    case 'aborted':
      return `${what} was interrupted, so I stop here; it may have run in part. Say "continue" and I start it again.`;
    case 'running':
      return `${what} is still running (session ${result.sessionId}), and I wait no longer. So far it said:\n\n${quoted(shorten(result.text))}`;
    case 'plain':
      return `${what} could not be done. This is the reason I was given:\n\n${quoted(result.text.trim() || '(none)')}\n\n${mendHint(result.text)}`;
  }
}

function mendHint(reason: string): string {
  if (/read-only/i.test(reason)) {
    return 'Start with `--sandbox workspace-write` (or choose it in the permissions) if this folder may be changed, then ask me again.';
  }
  if (/sandbox|bubblewrap|bwrap|namespace/i.test(reason)) {
    return 'Without a sandbox no command runs here. Mend it as it says above, then ask me again; nothing was run in the meantime.';
  }
  return 'Nothing was changed. Ask me again when that is out of the way.';
}
