/** What became of a tool call, read from its output text (agent.md §7). */
export type ToolResult =
  | { readonly kind: 'finished'; readonly exitCode: number; readonly text: string }
  | { readonly kind: 'running'; readonly sessionId: number; readonly text: string }
  | { readonly kind: 'declined'; readonly text: string }
  | { readonly kind: 'aborted'; readonly text: string }
  /** Anything else: a tool's plain answer, or the reason why the call was not carried out. */
  | { readonly kind: 'plain'; readonly text: string };

export type Finished = Extract<ToolResult, { kind: 'finished' }>;

const EXIT_CODE = /^(?:Process exited with code|Exit code:) (-?\d+)$/m;
const SESSION = /^Process running with session ID (\d+)$/m;
const OUTPUT_LINE = 'Output:\n';

/** Never throws: an output of unknown form is `plain`. */
export function parseToolResult(output: string): ToolResult {
  const { head, text } = splitOutput(output);
  const exitCode = EXIT_CODE.exec(head)?.[1];
  // A sandbox that cannot be built fails before the command starts: nothing of the command has run.
  if (exitCode !== undefined && text.startsWith('bwrap: ')) return { kind: 'plain', text };
  if (exitCode !== undefined) return { kind: 'finished', exitCode: Number(exitCode), text };
  const session = SESSION.exec(head)?.[1];
  if (session !== undefined) return { kind: 'running', sessionId: Number(session), text };
  return { kind: notRunKind(output), text: output };
}

function notRunKind(output: string): 'declined' | 'aborted' | 'plain' {
  // "rejected by user approval settings" is a policy's refusal: nobody was asked.
  if (/rejected by (?:the )?user(?! approval settings)/i.test(output)) return 'declined';
  return /\baborted(?: by user)?\b/.test(output.slice(0, 200)) ? 'aborted' : 'plain';
}

function splitOutput(output: string): { head: string; text: string } {
  const at = output.startsWith(OUTPUT_LINE) ? 0 : output.indexOf(`\n${OUTPUT_LINE}`) + 1;
  const isHeadless = at === 0 && !output.startsWith(OUTPUT_LINE);
  if (isHeadless) return { head: output, text: '' };
  return { head: output.slice(0, at), text: output.slice(at + OUTPUT_LINE.length) };
}

/** Whether the middle of the output was cut out before the model saw it. */
export function isCut(text: string): boolean {
  return /…\d+ tokens truncated…/.test(text);
}

/** Whether a failure looks like the sandbox's doing, so that running without it might help. */
export function looksBlocked(result: ToolResult): boolean {
  if (result.kind !== 'finished' || result.exitCode === 0) return false;
  return /read-only file system|operation not permitted|permission denied|\bEROFS\b|\bEPERM\b|\bEACCES\b/i.test(
    result.text,
  );
}
