/** Ids made from a given clock and a given random source, so that this module stays pure. */

/** 10 random bytes and the time in ms since the epoch. */
export interface IdSource {
  now(): number;
  randomBytes(count: number): Uint8Array;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A UUID of version 7 (RFC 9562 §5.7): sorts by time, which the thread list relies on. */
export function createUuidV7(source: IdSource): string {
  const time = Math.floor(source.now()).toString(16).padStart(12, '0').slice(-12);
  const random = Uint8Array.from(source.randomBytes(10));
  random[0] = ((random[0] ?? 0) & 0x0f) | 0x70;
  random[2] = ((random[2] ?? 0) & 0x3f) | 0x80;
  const tail = hex(random);
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text has the form of a thread id; anything else must never become part of a path. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
