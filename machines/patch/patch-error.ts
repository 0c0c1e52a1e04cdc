/**
 * Why a patch was not applied (agent.md §8):
 * - `invalid`: the patch text itself is wrong;
 * - `mismatch`: the text is fine but does not fit what is on disk;
 * - `rejected`: there is nothing to do, or it must not be done;
 * - `write`: checked and begun, but the disk refused; earlier files of the patch stay written.
 */
export type PatchErrorKind = 'invalid' | 'mismatch' | 'rejected' | 'write';

/** A failed patch. The message is text for the model and for people; it never quotes file contents the patch did not. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly kind: PatchErrorKind;

  constructor(kind: PatchErrorKind, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

/** The patch as a whole is malformed: `invalid patch: <why>`. */
export function invalidPatch(why: string): PatchError {
  return new PatchError('invalid', `invalid patch: ${why}`);
}

/** One line is malformed; lines count from 1 at the begin marker: `invalid hunk at line N, <why>`. */
export function invalidHunk(lineNumber: number, why: string): PatchError {
  return new PatchError('invalid', `invalid hunk at line ${lineNumber}, ${why}`);
}

/** What the model reads when its patch failed before anything was written (agent.md §8). */
export function verificationFailureText(error: PatchError): string {
  return error.kind === 'rejected' ? error.message : `apply_patch verification failed: ${error.message}`;
}
