import { runAll, whyNotFinished } from '../commands.ts';
import type { Scene, Task } from '../task.ts';
import { looksBlocked, type ToolResult } from '../tool-result.ts';
import { pathWord, quoted, shellWord, shorten } from '../wording.ts';

/**
 * Runs a command that the person spelled out. When the sandbox seems to have kept it from working, asks once to run
 * it without (agent.md §9, failure flow).
 */
export function* runCommand(scene: Scene, command: string, isEscalated: boolean): Task {
  if (isEscalated)
    return yield* runEscalated(scene, command, 'You asked me to run this outside the sandbox, with your approval.');
  const [result] = yield* runAll(scene, [command], { text: `I run \`${command}\`.` });
  if (result === undefined || !looksBlocked(result)) return outcome(command, result);
  if (scene.mayAsk)
    return yield* runEscalated(
      scene,
      command,
      'The sandbox seems to have kept this command from working. May it run without the sandbox?',
    );
  return `${outcome(command, result)}\n\nThe sandbox seems to be the cause, and under the approval policy in force I cannot ask you to lift it.`;
}

/** Writes a small file where the sandbox would not let it be written, so that an approval is asked for. */
export function* writeOutside(scene: Scene, path: string, content: string): Task {
  const command = `printf '%s\\n' ${shellWord(content)} > ${pathWord(path)}`;
  return yield* runEscalated(scene, command, `May I write ${path}, which may lie outside the workspace?`);
}

function* runEscalated(scene: Scene, command: string, justification: string): Task {
  const text = `I need your approval for this: \`${command}\``;
  const [result] = yield* runAll(scene, [command], { text, escalate: justification });
  return outcome(command, result);
}

function outcome(command: string, result: ToolResult | undefined): string {
  if (result?.kind !== 'finished')
    return result === undefined ? `\`${command}\` gave no result.` : whyNotFinished(`\`${command}\``, result);
  const head = `\`${command}\` ended with exit code ${result.exitCode}`;
  return result.text.trim() === '' ? `${head} and said nothing.` : `${head}:\n\n${quoted(shorten(result.text))}`;
}
