/** The release, told in `initialize`, in the user agent and by `codex --version`. Kept equal to package.json by a test. */
export const VERSION = '0.1.0';

/** Protocol versions that this build speaks. One apart works, further apart is refused (DESIGN §2). */
export const PROTOCOL = { min: 1, max: 1 } as const;

/** WebSocket subprotocol of our own clients: one msgpack value per binary frame. */
export const MSGPACK_SUBPROTOCOL = 'codex.msgpack.v1';

/** A range of protocol versions, both ends included. */
export interface ProtocolRange {
  readonly min: number;
  readonly max: number;
}

/** Whether two builds can talk: one version apart works, further apart is refused (DESIGN §2). */
export function canTalk(one: ProtocolRange, other: ProtocolRange): boolean {
  return one.min <= other.max + 1 && other.min <= one.max + 1;
}
