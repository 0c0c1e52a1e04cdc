import type { FoundFile } from '../../machines/protocol/methods/file-search.ts';
import type { Listing } from './listing.ts';
import type { Matcher } from './matcher.ts';

export type SearchNews =
  | {
      readonly method: 'fuzzyFileSearch/sessionUpdated';
      readonly params: { readonly sessionId: string; readonly query: string; readonly files: FoundFile[] };
    }
  | { readonly method: 'fuzzyFileSearch/sessionCompleted'; readonly params: { readonly sessionId: string } };

/** One look through some folders, and what is typed meanwhile. Only the newest query is answered. */
export class SearchSession {
  #query = '';
  #isListed = false;
  #isMatching = false;
  #isStale = false;
  #isEnded = false;

  constructor(
    private readonly sessionId: string,
    private readonly listing: Listing,
    private readonly matcher: Matcher,
    private readonly tell: (news: SearchNews) => void,
  ) {
    const listed = () => {
      this.#isListed = true;
      this.#refresh();
    };
    // Without a program to list files with there are none; a single search says why.
    listing.done.then(listed, listed);
  }

  update(query: string): void {
    this.#query = query;
    this.#refresh();
  }

  end(): void {
    this.#isEnded = true;
    this.listing.end();
  }

  #refresh(): void {
    this.#isStale = true;
    if (!this.#isMatching) void this.#answer();
  }

  async #answer(): Promise<void> {
    const { sessionId } = this;
    this.#isMatching = true;
    while (this.#isStale && !this.#isEnded) {
      this.#isStale = false;
      const [query, isListed] = [this.#query, this.#isListed];
      const files = query.trim() === '' ? [] : await this.matcher.match(this.listing.lists, query);
      if (this.#isEnded || (this.#isStale && query !== this.#query)) continue;
      this.tell({ method: 'fuzzyFileSearch/sessionUpdated', params: { sessionId, query, files } });
      if (isListed) this.tell({ method: 'fuzzyFileSearch/sessionCompleted', params: { sessionId } });
    }
    this.#isMatching = false;
  }
}
