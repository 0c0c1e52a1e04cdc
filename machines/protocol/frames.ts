import { type Options, Packr } from 'msgpackr';
import type { WireMessage } from './message.ts';

/** How one message becomes one WebSocket message. */
export type Encoding = 'msgpack' | 'json';

// Both ends construct it alike: plain maps that any msgpack reader follows, no `undefined`, no BigInt (libraries.md §4).
// (The package's types lack `skipValues`.)
const options: Options & { skipValues: unknown[] } = {
  useRecords: false,
  skipValues: [undefined],
  int64AsType: 'number',
};
const packr = new Packr(options);

/** One message as the bytes of a binary frame, or as the text of a text frame. */
export function encode(message: WireMessage, encoding: Encoding): Uint8Array | string {
  return encoding === 'msgpack' ? packr.pack(message) : JSON.stringify(message);
}

/**
 * The value of one frame, unchecked.
 * @throws when the frame cannot be read (also a RangeError when it is nested too deeply)
 */
export function decode(frame: Uint8Array | string): unknown {
  return typeof frame === 'string' ? JSON.parse(frame) : packr.unpack(frame);
}
