import { formatUnknownProcess } from '../../machines/exec/format-output.ts';

/** Nothing was written; `message` is the whole text for the model. */
export class WriteStdinError extends Error {
  override readonly name = 'WriteStdinError';

  static unknownProcess(sessionId: number): WriteStdinError {
    return new WriteStdinError(formatUnknownProcess(sessionId));
  }

  static stdinClosed(sessionId: number): WriteStdinError {
    const advice = 'start the command with tty set to true to be able to write to it';
    return new WriteStdinError(`write_stdin failed: stdin of process ${sessionId} is closed; ${advice}`);
  }
}
