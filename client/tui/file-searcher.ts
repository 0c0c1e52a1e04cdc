import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { PrivateNotification } from '../../machines/protocol/machine-methods.ts';
import {
  fuzzyFileSearchSessionStart,
  fuzzyFileSearchSessionStop,
  fuzzyFileSearchSessionUpdate,
} from '../../machines/protocol/methods/file-search.ts';
import type { DaemonLink } from '../connection/link.ts';
import type { Message } from './model.ts';

interface Wanted {
  readonly root: string;
  readonly query: string;
}

export interface FileSearcherDeps {
  readonly link: DaemonLink;
  readonly randomId: () => string;
  readonly dispatch: (message: Message) => void;
}

/**
 * Has the daemon look for the files that fit an `@…` while it is typed: one look through the folder for each mention,
 * one call at a time, so that quick typing costs no more than slow typing.
 */
export class FileSearcher {
  private wanted: Wanted | null = null;
  private asked: Wanted | null = null;
  private session: { readonly id: string; readonly root: string } | null = null;
  private isAsking = false;

  constructor(private readonly deps: FileSearcherDeps) {}

  /** Told after every step of the interface. @param query null: nothing is looked for */
  note(root: string, query: string | null): void {
    const { wanted } = this;
    if (query === null ? wanted === null : wanted?.root === root && wanted.query === query) return;
    this.wanted = query === null ? null : { root, query };
    if (!this.isAsking) void this.ask();
  }

  /** Passes on what was found for the newest mention. */
  take({ method, params }: PrivateNotification): void {
    if (!('sessionId' in params) || params.sessionId !== this.session?.id) return;
    if (method === 'fuzzyFileSearch/sessionUpdated')
      this.deps.dispatch({ type: 'filesFound', query: params.query, files: params.files });
    if (method === 'fuzzyFileSearch/sessionCompleted') this.deps.dispatch({ type: 'filesComplete' });
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    while (this.wanted !== this.asked) {
      const { wanted } = this;
      this.asked = wanted;
      try {
        await (wanted === null ? this.stop() : this.look(wanted));
      } catch (error) {
        // The next letter begins anew.
        this.session = null;
        if (wanted !== null)
          this.deps.dispatch({ type: 'fileSearchFailed', query: wanted.query, why: messageOf(error) });
      }
    }
    this.isAsking = false;
  }

  private async look(wanted: Wanted): Promise<void> {
    try {
      await this.update(wanted);
    } catch (error) {
      // A new connection knows nothing of what was begun on the one before.
      if (!(error instanceof RpcError) || error.errorName !== 'invalidRequest') throw error;
      this.session = null;
      await this.update(wanted);
    }
  }

  private async update({ root, query }: Wanted): Promise<void> {
    const { link, randomId } = this.deps;
    if (this.session?.root !== root) {
      await this.stop();
      this.session = { id: randomId(), root };
      await link.request(fuzzyFileSearchSessionStart, { sessionId: this.session.id, roots: [root] });
    }
    await link.request(fuzzyFileSearchSessionUpdate, { sessionId: this.session.id, query });
  }

  private async stop(): Promise<void> {
    const { session } = this;
    this.session = null;
    if (session) await this.deps.link.request(fuzzyFileSearchSessionStop, { sessionId: session.id });
  }
}
