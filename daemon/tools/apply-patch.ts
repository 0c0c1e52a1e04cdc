import { messageOf } from '../../machines/core/errors.ts';
import type { FileChange } from '../../machines/patch/apply-patch.ts';
import { summarizeChanges } from '../../machines/patch/apply-patch.ts';
import type { FileOperation } from '../../machines/patch/file-operations.ts';
import { PatchError, verificationFailureText } from '../../machines/patch/patch-error.ts';
import { canWrite } from '../../machines/policy/sandbox.ts';
import type { FileUpdateChange, ItemOf } from '../../machines/protocol/types/item.ts';
import { type TurnRun, tmpdirOf } from '../threads/turn-run.ts';
import { cannotRun } from './cannot-run.ts';
import { commandPlace } from './command-place.ts';
import type { AnsweredCall, ReadyCall, Tool, ToolContext, ToolResult } from './define-tool.ts';
import { fileDiff } from './file-diff.ts';
import { type VerifiedPatch, verifyPatch, writeChanges } from './patch-files.ts';
import { patchGrammar } from './patch-grammar.ts';

/** Longest diff that is shown of one file. */
const MAX_DIFF_CHARACTERS = 400_000;

/** Changes files by a patch in free text (agent.md §8). */
export const applyPatchTool: Tool = {
  name: 'apply_patch',
  kind: 'custom',
  // A reviewer only looks.
  isOffered: ({ model, review }) => model.applyPatch && !review,
  spec: () => ({
    type: 'custom',
    name: 'apply_patch',
    description: 'Creates, changes, moves and deletes files by a patch. The input is the patch itself, not JSON.',
    format: { type: 'grammar', syntax: 'lark', definition: patchGrammar },
  }),
  prepare: (input, context) => preparePatch(input, context.turn.settings.cwd, context),
};

/** Checks a patch against the disk: what does not fit is answered, and nothing was written or shown. */
export async function preparePatch(text: string, cwd: string, context: ToolContext): Promise<ReadyCall | AnsweredCall> {
  const { turn, callId, signal } = context;
  let verified: VerifiedPatch;
  try {
    verified = await verifyPatch(text, cwd, signal);
  } catch (error) {
    if (error instanceof PatchError) return { answer: verificationFailureText(error) };
    throw error;
  }
  const place = { cwd: turn.settings.cwd, tmpdir: tmpdirOf(turn), guarded: turn.tools.guarded };
  const insideWritableRoots = verified.writtenPaths.every((path) => canWrite(turn.sandboxPolicy, place, path));
  const grantKeys = verified.writtenPaths.map((path) => JSON.stringify(['patch', path]));
  const changes = verified.changes.map(toWireChange).sort((a, b) => (a.path < b.path ? -1 : 1));
  const item: ItemOf<'fileChange'> = { type: 'fileChange', id: callId, changes, status: 'inProgress' };
  return {
    item,
    grantKeys,
    question: { kind: 'fileChange', command: null, cwd, reason: questionReason(turn, insideWritableRoots) },
    facts: {
      kind: 'patch',
      insideWritableRoots,
      readOnly: turn.sandboxPolicy.type === 'readOnly',
      isGranted: grantKeys.every((key) => turn.grants.has(key)),
    },
    run: ({ outside }) => locked(turn, () => applyVerified(verified, item, outside, context)),
  };
}

function questionReason({ sandboxPolicy }: TurnRun, inside: boolean): string | null {
  if (inside) return null;
  return sandboxPolicy.type === 'readOnly' ? 'the sandbox is read-only' : 'it writes outside of the workspace';
}

async function applyVerified(
  verified: VerifiedPatch,
  item: ItemOf<'fileChange'>,
  outside: boolean,
  context: ToolContext,
): Promise<ToolResult> {
  const { turn, signal } = context;
  const startedAtMs = turn.tools.now();
  const block = (exitCode: number, text: string) =>
    `Exit code: ${exitCode}\nWall time: ${((turn.tools.now() - startedAtMs) / 1000).toFixed(1)} seconds\nOutput:\n${text}`;
  try {
    await writeChanges(verified.changes, signal, writer(context, outside));
  } catch (error) {
    return { output: block(1, cannotRun(error)), ok: false, item: { ...item, startedAtMs, status: 'failed' } };
  }
  noteChanges(turn, verified.changes);
  context.announce({
    method: 'turn/diff/updated',
    params: { threadId: turn.threadId, turnId: turn.turnId, diff: turnDiff(turn) },
  });
  const text = summarizeChanges(verified.changes, verified.shownPath);
  return { output: block(0, text), ok: true, item: { ...item, startedAtMs, status: 'completed' } };
}

/**
 * Writes as a command of this turn would: under its sandbox, so that a link which was swapped since the check leads
 * nowhere new, and with the mask of the client that submitted it.
 */
function writer({ turn, callId, signal }: ToolContext, outside: boolean) {
  return async (operations: readonly FileOperation[]): Promise<void> => {
    let said = '';
    const running = await turn.tools.spawn({
      ...commandPlace(turn, callId, outside),
      argv: turn.tools.patchWriter,
      cwd: turn.settings.cwd,
      tty: false,
      input: JSON.stringify(operations),
      onOutput: (text) => {
        said += text;
      },
    });
    signal.addEventListener('abort', () => running.kill(), { once: true });
    if ((await running.exited) !== 0) throw new PatchError('write', said.trim() || 'the patch could not be written');
  };
}

/** Edits one after the other; a failed one does not hold up the next. */
async function locked<T>({ patchLock }: TurnRun, run: () => Promise<T>): Promise<T> {
  const before = patchLock.tail;
  const mine = before.then(run, run);
  patchLock.tail = mine.catch(messageOf);
  return mine;
}

function toWireChange(change: FileChange): FileUpdateChange {
  switch (change.kind) {
    case 'add':
      return { path: change.path, kind: { type: 'add' }, diff: change.content };
    case 'delete':
      return { path: change.path, kind: { type: 'delete' }, diff: change.oldContent };
    case 'update':
      return {
        path: change.path,
        kind: { type: 'update', move_path: change.movePath },
        diff: fileDiff(change.oldContent, change.newContent, MAX_DIFF_CHARACTERS),
      };
  }
}

function noteChanges({ changedFiles }: TurnRun, changes: readonly FileChange[]): void {
  const note = (path: string, before: string | null, after: string | null) =>
    changedFiles.set(path, {
      before: changedFiles.has(path) ? (changedFiles.get(path)?.before ?? null) : before,
      after,
    });
  for (const change of changes) {
    if (change.kind === 'add') note(change.path, null, change.content);
    else if (change.kind === 'delete') note(change.path, change.oldContent, null);
    else {
      note(change.path, change.oldContent, change.movePath === null ? change.newContent : null);
      if (change.movePath !== null) note(change.movePath, null, change.newContent);
    }
  }
}

/** One diff of everything that the turn's patches changed so far. */
function turnDiff({ changedFiles }: TurnRun): string {
  return [...changedFiles]
    .filter(([, { before, after }]) => before !== after)
    .map(([path, { before, after }]) =>
      [
        `diff --git a${path} b${path}`,
        `--- ${before === null ? '/dev/null' : `a${path}`}`,
        `+++ ${after === null ? '/dev/null' : `b${path}`}`,
        fileDiff(before ?? '', after ?? '', MAX_DIFF_CHARACTERS),
      ].join('\n'),
    )
    .join('');
}
