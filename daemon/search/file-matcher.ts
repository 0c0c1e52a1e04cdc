import { parentPort } from 'node:worker_threads';
import fuzzysort from 'fuzzysort';
import type { FoundFile } from '../../machines/protocol/methods/file-search.ts';
import { PathList } from './path-list.ts';

/**
 * A program of its own, run in a thread: it keeps lists of paths and finds in them, so that the daemon's loop never
 * waits for a long list.
 */
export type MatcherTask =
  | { readonly kind: 'paths'; readonly list: number; readonly root: string; readonly bytes: Uint8Array }
  | { readonly kind: 'drop'; readonly list: number }
  | { readonly kind: 'match'; readonly id: number; readonly lists: readonly number[]; readonly query: string };

export interface MatcherAnswer {
  readonly id: number;
  readonly files: FoundFile[];
}

/** As many as the reference answers. */
const MAX_FOUND = 50;
/** So many of the best paths are looked at once more by their file name. */
const MAX_RANKED = 400;
/** Letters that are strewn over the path are no match (1 is equal, 0 nothing). */
const LEAST_SCORE = 0.2;
const MAX_QUERY_LENGTH = 256;

const lists = new Map<number, PathList>();

function perform(task: MatcherTask): void {
  if (task.kind === 'drop') {
    lists.delete(task.list);
  } else if (task.kind === 'paths') {
    const list = lists.get(task.list) ?? new PathList(task.root);
    lists.set(task.list, list);
    list.push(task.bytes);
  } else {
    const answer: MatcherAnswer = { id: task.id, files: find(task.lists, task.query.slice(0, MAX_QUERY_LENGTH)) };
    parentPort?.postMessage(answer);
  }
}

function find(wanted: readonly number[], query: string): FoundFile[] {
  if (query.trim() === '') return [];
  return wanted
    .flatMap((id) => {
      const list = lists.get(id);
      return list === undefined ? [] : findIn(list, query);
    })
    .sort((a, b) => b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_FOUND);
}

/** What the name of a file itself answers to comes before what only its folders do. */
function findIn(list: PathList, query: string): FoundFile[] {
  const best = fuzzysort.go(query, list.prepared, { limit: MAX_RANKED, threshold: LEAST_SCORE });
  return best.map(({ target, score, indexes }) => {
    const isFolder = target.endsWith('/');
    const path = isFolder ? target.slice(0, -1) : target;
    const fileName = path.slice(path.lastIndexOf('/') + 1);
    const byName = fuzzysort.single(query, fileName)?.score ?? 0;
    return {
      root: list.root,
      path,
      match_type: isFolder ? 'directory' : 'file',
      file_name: fileName,
      score: Math.round((byName * 2 + score) * 65_536),
      indices: [...indexes].sort((a, b) => a - b),
    };
  });
}

parentPort?.on('message', perform);
