import { whyNotFinished } from './commands.ts';
import { type Call, type Part, type Scene, Stop } from './task.ts';
import type { ToolResult } from './tool-result.ts';
import { quoted } from './wording.ts';

/** Applies a patch; the task stops, saying why and showing the patch, when it was declined or refused. */
export function* applyPatch(scene: Scene, patch: string, options: { text: string; thought?: string }): Part<void> {
  const [result] = yield { thought: options.thought ?? null, text: options.text, calls: [patchCall(scene, patch)] };
  if (result?.kind === 'finished' && result.exitCode === 0) return;
  throw new Stop(`${whyNotApplied(result)}\n\nThe change would have been:\n\n${quoted(patch, 'diff')}`);
}

/** Models that are not offered the tool send the patch through the shell (agent.md §8). */
function patchCall(scene: Scene, patch: string): Call {
  if (scene.tools.has('apply_patch')) return { kind: 'custom', name: 'apply_patch', input: patch };
  const isSafe = scene.tools.has('exec_command') && !/^EOF$/m.test(patch);
  if (!isSafe) throw new Stop('I was offered no tool with which I could make this change.');
  return { kind: 'function', name: 'exec_command', arguments: { cmd: `apply_patch <<'EOF'\n${patch}EOF` } };
}

function whyNotApplied(result: ToolResult | undefined): string {
  if (result === undefined) return 'The change gave no result.';
  if (result.kind === 'declined') return 'You declined the change, so I wrote nothing and stop here.';
  if (result.kind !== 'finished') return whyNotFinished('The change', result);
  return `The change could not be written:\n\n${quoted(result.text.trim())}`;
}
