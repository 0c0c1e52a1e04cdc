import { finished, runAll } from '../commands.ts';
import type { Scene, Task } from '../task.ts';
import { isCut, type ToolResult } from '../tool-result.ts';
import { counted, listed, pathWord, quoted, shorten } from '../wording.ts';

const MAX_LINES = 80;

/** Reads files, several side by side in one response, and shows them. */
export function* showFiles(scene: Scene, paths: readonly string[]): Task {
  const names = listed(paths.map((path) => `\`${path}\``));
  const results = yield* runAll(
    scene,
    paths.map((path) => `cat ${pathWord(path)}`),
    { text: `I will read ${names}.` },
  );
  return paths.map((path, index) => showFile(path, results[index])).join('\n\n');
}

function showFile(path: string, result: ToolResult | undefined): string {
  const { exitCode, text } = finished(`Reading \`${path}\``, result);
  if (exitCode !== 0) return `I could not read \`${path}\`:\n\n${quoted(shorten(text))}`;
  if (text === '') return `\`${path}\` is empty.`;
  const size = isCut(text) ? 'too long to be shown whole' : counted(text.replace(/\n$/, '').split('\n').length, 'line');
  return `\`${path}\` (${size}):\n\n${quoted(shorten(text, MAX_LINES), languageOf(path))}`;
}

function languageOf(path: string): string {
  return /\.(\w{1,5})$/.exec(path)?.[1]?.toLowerCase() ?? '';
}
