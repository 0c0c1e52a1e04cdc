import type { AuthError } from '../../machines/auth/auth-error.ts';

/** What the person has to do, told to the client that asked for the sign-in and to no one else. */
export type LoginPrompt =
  | { readonly type: 'chatgpt'; readonly authUrl: string }
  | { readonly type: 'chatgptDeviceCode'; readonly verificationUrl: string; readonly userCode: string };

interface Entry {
  readonly prompt: Promise<LoginPrompt>;
  readonly ended: Promise<AuthError | null>;
  readonly tell: (prompt: LoginPrompt) => void;
  readonly end: (error: AuthError | null) => void;
  isPrompted: boolean;
}

/** Where a sign-in, its machine and its asker meet: what to show the person, and how it ended. */
export class LoginDesk {
  private readonly entries = new Map<string, Entry>();

  open(id: string): Pick<Entry, 'prompt' | 'ended'> {
    let tell: Entry['tell'] = () => {};
    let end: Entry['end'] = () => {};
    const prompt = new Promise<LoginPrompt>((resolve) => {
      tell = resolve;
    });
    const ended = new Promise<AuthError | null>((resolve) => {
      end = resolve;
    });
    this.entries.set(id, { prompt, ended, tell, end, isPrompted: false });
    return { prompt, ended };
  }

  tell(id: string, prompt: LoginPrompt): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.isPrompted = true;
    entry.tell(prompt);
  }

  /** Settles once the machine has stored the sign-in, or why it did not. Null at once for one that nobody opened. */
  async endOf(id: string): Promise<AuthError | null> {
    return (await this.entries.get(id)?.ended) ?? null;
  }

  /** Answers whether the world should hear of it: a sign-in that never started is told to its asker alone. */
  end(id: string, error: AuthError | null): boolean {
    const entry = this.entries.get(id);
    this.entries.delete(id);
    entry?.end(error);
    return entry?.isPrompted ?? true;
  }
}
