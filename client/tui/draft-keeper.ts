import { draftSet, MAX_DRAFT_CHARACTERS } from '../../machines/protocol/methods/draft.ts';
import type { DaemonLink } from '../connection/link.ts';

interface Typed {
  readonly threadId: string;
  readonly text: string;
}

/**
 * Keeps what is typed in the daemon, so that a terminal that is killed loses no words. One call at a time: what is
 * typed while it is under way goes with the next, so that quick typing costs no more than slow typing.
 */
export class DraftKeeper {
  private kept: Typed | null = null;
  private wanted: Typed | null = null;
  private isSending = false;

  constructor(private readonly link: DaemonLink) {}

  /** Told after every step of the interface. A text over the limit leaves the one before it. */
  note(threadId: string, text: string): void {
    // A server of the reference keeps no drafts.
    if (this.link.clientId === null || text.length > MAX_DRAFT_CHARACTERS) return;
    if (this.wanted?.threadId === threadId && this.wanted.text === text) return;
    const isFirst = this.wanted === null && text === '';
    this.wanted = { threadId, text };
    if (isFirst) this.kept = this.wanted;
    if (!this.isSending) void this.send();
  }

  private async send(): Promise<void> {
    this.isSending = true;
    try {
      while (this.wanted !== null && this.wanted !== this.kept) {
        const { wanted, kept } = this;
        // Typing goes along to another thread.
        if (kept !== null && kept.threadId !== wanted.threadId && kept.text !== '')
          await this.link.request(draftSet, { threadId: kept.threadId, text: '' });
        await this.link.request(draftSet, { ...wanted });
        this.kept = wanted;
      }
    } catch {
      // The link is gone or the thread is: the next key tries again, and leaving says what was not sent.
    } finally {
      this.isSending = false;
    }
  }
}
