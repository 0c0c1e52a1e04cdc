import { isAbsolute } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import type { FoundFile } from '../../machines/protocol/methods/file-search.ts';
import { type ListFilesDeps, listFiles } from './list-files.ts';
import type { Listing } from './listing.ts';
import type { Matcher } from './matcher.ts';
import { type SearchNews, SearchSession } from './search-session.ts';

/** Of one connection at a time: sessions and single searches together. */
export const MAX_SEARCHES = 16;
const MAX_ROOTS = 32;

interface Owned {
  readonly sessions: Map<string, SearchSession>;
  /** By token; those without one under a symbol of their own. */
  readonly single: Map<string | symbol, Listing>;
}

/** The file searches of all clients; they end with their connection. */
export class FileSearches<Owner extends { readonly clientId: string }> {
  readonly #owned = new Map<Owner, Owned>();

  constructor(
    private readonly matcher: Matcher,
    private readonly deps: ListFilesDeps,
    private readonly tell: (owner: Owner, news: SearchNews) => void,
  ) {}

  /** @returns the best matches; nothing when it was cancelled. @throws RpcError limitReached, searchUnavailable */
  async search(owner: Owner, query: string, roots: readonly string[], token: string | null): Promise<FoundFile[]> {
    const { single } = this.#of(owner);
    const key = token ?? Symbol('search');
    single.get(key)?.end();
    single.delete(key);
    if (query.trim() === '') return [];
    this.#requireRoom(owner);
    const listing = this.#list(owner, roots);
    single.set(key, listing);
    try {
      await listing.done;
      return single.get(key) === listing ? await this.matcher.match(listing.lists, query) : [];
    } finally {
      listing.end();
      if (single.get(key) === listing) single.delete(key);
      this.#forgetEmpty(owner);
    }
  }

  /** @throws RpcError invalidRequest, limitReached */
  start(owner: Owner, sessionId: string, roots: readonly string[]): void {
    if (sessionId === '') throw new RpcError('invalidRequest', 'sessionId must not be empty');
    const { sessions } = this.#of(owner);
    sessions.get(sessionId)?.end();
    sessions.delete(sessionId);
    this.#requireRoom(owner);
    const listing = this.#list(owner, roots);
    sessions.set(sessionId, new SearchSession(sessionId, listing, this.matcher, (news) => this.tell(owner, news)));
  }

  /** @throws RpcError invalidRequest */
  update(owner: Owner, sessionId: string, query: string): void {
    const session = this.#owned.get(owner)?.sessions.get(sessionId);
    if (!session) throw new RpcError('invalidRequest', `fuzzy file search session not found: ${sessionId}`);
    session.update(query);
  }

  stop(owner: Owner, sessionId: string): void {
    const sessions = this.#owned.get(owner)?.sessions;
    sessions?.get(sessionId)?.end();
    sessions?.delete(sessionId);
    this.#forgetEmpty(owner);
  }

  endFor(owner: Owner): void {
    const owned = this.#owned.get(owner);
    for (const session of owned?.sessions.values() ?? []) session.end();
    for (const listing of owned?.single.values() ?? []) listing.end();
    this.#owned.delete(owner);
  }

  async endAll(): Promise<void> {
    for (const owner of [...this.#owned.keys()]) this.endFor(owner);
    await this.matcher.stop();
  }

  #of(owner: Owner): Owned {
    const owned = this.#owned.get(owner) ?? { sessions: new Map(), single: new Map() };
    this.#owned.set(owner, owned);
    return owned;
  }

  #forgetEmpty(owner: Owner): void {
    const owned = this.#owned.get(owner);
    if (owned && owned.sessions.size + owned.single.size === 0) this.#owned.delete(owner);
  }

  #requireRoom(owner: Owner): void {
    const { sessions, single } = this.#of(owner);
    if (sessions.size + single.size < MAX_SEARCHES) return;
    throw new RpcError('limitReached', `one connection makes at most ${MAX_SEARCHES} file searches at a time`);
  }

  #list(owner: Owner, roots: readonly string[]): Listing {
    const controller = new AbortController();
    const wanted = [...new Set(roots.filter(isAbsolute))].slice(0, MAX_ROOTS);
    const parts = wanted.map((root) => ({ root, list: this.matcher.createList() }));
    const done = Promise.all(
      parts.map(({ root, list }) =>
        listFiles(root, owner.clientId, controller.signal, (bytes) => this.matcher.push(list, root, bytes), this.deps),
      ),
    ).then(() => {});
    // Whoever waits for it hears of a failure too.
    done.catch(() => {});
    const lists = parts.map(({ list }) => list);
    return {
      lists,
      done,
      end: () => {
        controller.abort();
        for (const list of lists) this.matcher.drop(list);
      },
    };
  }
}
