import type { Intent } from './asking/intent.ts';
import { parseIntent } from './asking/parse-intent.ts';
import { type Conversation, parseConversation } from './conversation.ts';
import { answer, replay } from './replay.ts';
import type { Scene, Step, Task } from './task.ts';
import { about } from './tasks/about.ts';
import { appendLine, createFile, editFile } from './tasks/change-file.ts';
import { fixBug } from './tasks/fix-bug.ts';
import { listFolder } from './tasks/list-folder.ts';
import { runCommand, writeOutside } from './tasks/run-command.ts';
import { runTests } from './tasks/run-tests.ts';
import { showFiles } from './tasks/show-files.ts';
import { summarize } from './tasks/summarize.ts';

const SHORTENED =
  'The conversation was shortened while I was at work, and with it went what I had found. Ask me again and I start afresh.';

/**
 * The practice model's next response to a request body of the Responses API (agent.md §2). Pure: the same body gives
 * the same step. At most 12 steps for one prompt. Null when the body has no readable input.
 */
export function nextStep(body: unknown): Step | null {
  const conversation = parseConversation(body);
  if (conversation === null) return null;
  if (conversation.tools.size === 0) return answer(summarize(conversation));
  if (conversation.isShortened) return answer(SHORTENED);
  return replay(taskFor(wanted(conversation.prompts), conversation), conversation.done);
}

/** What the last prompt asks for; "continue" means the prompt before it. */
function wanted(prompts: readonly string[]): Intent {
  for (const prompt of prompts.toReversed()) {
    const intent = parseIntent(prompt);
    if (intent.kind !== 'again') return intent;
  }
  return { kind: 'about' };
}

function taskFor(intent: Intent, { tools, cwd, mayAsk }: Conversation): Task {
  const scene: Scene = { tools, cwd, mayAsk };
  switch (intent.kind) {
    case 'about':
    case 'again':
      return about();
    case 'listFolder':
      return listFolder(scene, intent.path);
    case 'runTests':
      return runTests(scene);
    case 'showFiles':
      return showFiles(scene, intent.paths);
    case 'createFile':
      return createFile(scene, intent);
    case 'editFile':
      return editFile(scene, intent);
    case 'appendLine':
      return appendLine(scene, intent);
    case 'fixBug':
      return fixBug(scene);
    case 'runCommand':
      return runCommand(scene, intent.command, intent.isEscalated);
    case 'writeOutside':
      return writeOutside(scene, intent.path, intent.content);
  }
}
