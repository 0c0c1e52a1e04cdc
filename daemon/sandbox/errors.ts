/** No sandbox can be had here: the command was not run. `mend` is what a person can do about it. */
export class SandboxUnavailableError extends Error {
  override readonly name = 'SandboxUnavailableError';
  readonly reason: string;
  readonly mend: string;

  constructor(reason: string, mend: string) {
    super(`no sandbox is available: ${reason}; to mend it: ${mend}`);
    this.reason = reason;
    this.mend = mend;
  }
}
