import type { McpTool } from './mcp-offer.ts';

/**
 * The names of MCP tools as the model sees them (agent.md §16): `mcp__SERVER__TOOL`, made of letters, digits and `_`,
 * at most 64 characters, each once. In a namespace the part before the last `__` is the namespace's.
 */

const MAX_NAME = 64;
const MAX_SERVER = 28;
const HASH_LENGTH = 8;
const PREFIX = 'mcp__';
const SEPARATOR = '__';

/** Names for servers: equal after cleaning, they are told apart by a hash of what they are called. */
export function serverNames(servers: readonly string[]): ReadonlyMap<string, string> {
  // A double `_` would read as the end of the server's part.
  return distinctNames(servers, MAX_SERVER, (name) => clean(name).replace(/_+/g, '_'));
}

/** Names for the tools of one server. @param server as `serverNames` gave it */
export function toolNames(server: string, tools: readonly Pick<McpTool, 'name'>[]): ReadonlyMap<string, string> {
  const room = MAX_NAME - namespaceOf(server).length - SEPARATOR.length;
  return distinctNames(
    tools.map(({ name }) => name),
    room,
    clean,
  );
}

export const namespaceOf = (server: string): string => `${PREFIX}${server}`;

/** The one name of a call, whichever way the model made it; a namespace may end in the separator, as in 0.122. */
export function callName(name: string, namespace: string | null | undefined): string {
  return namespace ? `${namespace.replace(/_+$/, '')}${SEPARATOR}${name}` : name;
}

function distinctNames(
  originals: readonly string[],
  room: number,
  cleaned: (name: string) => string,
): ReadonlyMap<string, string> {
  const claims = new Map<string, number>();
  for (const original of new Set(originals)) {
    const plain = cleaned(original);
    claims.set(plain, (claims.get(plain) ?? 0) + 1);
  }
  return new Map(
    originals.map((original) => {
      const plain = cleaned(original);
      // Whoever is called exactly so keeps the name.
      const isOwn = plain === original || claims.get(plain) === 1;
      return [original, isOwn && plain.length <= room ? plain : hashed(plain, original, room)];
    }),
  );
}

const clean = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, '_').replace(/_+$/, '') || 'x';

function hashed(plain: string, original: string, room: number): string {
  return `${plain.slice(0, room - HASH_LENGTH - 1)}_${fnv1a(original)}`;
}

/** FNV-1a of a text as 8 hex digits: names only have to differ, and stay the same from day to day. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(HASH_LENGTH, '0');
}
