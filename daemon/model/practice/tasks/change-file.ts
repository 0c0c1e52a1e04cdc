import { finished, runAll } from '../commands.ts';
import { addPatch, appendPatch, linesOf, updatePatch } from '../looking/make-patch.ts';
import { applyPatch } from '../patching.ts';
import { type Part, type Scene, Stop, type Task } from '../task.ts';
import { isCut } from '../tool-result.ts';
import { counted, pathWord, quoted, shorten } from '../wording.ts';

/** Creates a file, after a look whether there is one already: that is overwritten only when asked for. */
export function* createFile(
  scene: Scene,
  { path, content, mayOverwrite }: { path: string; content: string; mayOverwrite: boolean },
): Task {
  const [found] = yield* runAll(scene, [`ls -d ${pathWord(path)}`], {
    text: `I look whether \`${path}\` is there already.`,
  });
  const isThere = finished(`Looking for \`${path}\``, found).exitCode === 0;
  if (isThere && !mayOverwrite) {
    return `\`${path}\` is there already, so I left it as it is. Say "overwrite" if it may be replaced, or name another file.`;
  }
  yield* applyPatch(scene, addPatch(path, content), { text: `I ${isThere ? 'overwrite' : 'create'} \`${path}\`.` });
  const lines = linesOf(content).length;
  if (lines === 0) return `I created \`${path}\`. It is empty, because you named no content.`;
  return `I ${isThere ? 'overwrote' : 'created'} \`${path}\` with ${counted(lines, 'line')}:\n\n${quoted(shorten(content))}`;
}

/** Replaces a text everywhere in a file. The patch is made from the file's real lines. */
export function* editFile(
  scene: Scene,
  { path, find, replaceBy }: { path: string; find: string; replaceBy: string },
): Task {
  const before = yield* readWhole(scene, path);
  const count = before.split(find).length - 1;
  if (count === 0) return `\`${path}\` does not contain ${quotedInline(find)}, so I changed nothing.`;
  if (find === replaceBy) return 'Both texts are the same, so there is nothing to change.';
  const patch = updatePatch([{ path, before, after: before.split(find).join(replaceBy) }]);
  yield* applyPatch(scene, patch, {
    text: `I found ${quotedInline(find)} in ${counted(count, 'place')} and replace it.`,
  });
  return `I replaced ${quotedInline(find)} with ${quotedInline(replaceBy)} in \`${path}\` (${counted(count, 'place')}).`;
}

/** Puts a line at the end of a file. */
export function* appendLine(scene: Scene, { path, line }: { path: string; line: string }): Task {
  yield* readWhole(scene, path);
  yield* applyPatch(scene, appendPatch(path, line), { text: `I add the line at the end of \`${path}\`.` });
  return `I added ${quotedInline(line)} at the end of \`${path}\`.`;
}

function* readWhole(scene: Scene, path: string): Part<string> {
  const [result] = yield* runAll(scene, [`cat ${pathWord(path)}`], { text: `I will read \`${path}\` first.` });
  const { exitCode, text } = finished(`Reading \`${path}\``, result);
  if (exitCode !== 0) throw new Stop(`I could not read \`${path}\`, so I changed nothing:\n\n${quoted(shorten(text))}`);
  if (isCut(text)) throw new Stop(`\`${path}\` is too long for me to be read whole, so I changed nothing.`);
  return text;
}

function quotedInline(text: string): string {
  return `"${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`;
}
