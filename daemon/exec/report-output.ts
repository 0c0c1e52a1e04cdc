import type { Channel } from './child.ts';
import { Utf8Reader } from './output-buffer.ts';

/** What takes the bytes of one channel as they come, and its end. */
export interface Reporter {
  readonly report: (bytes: Uint8Array) => void;
  readonly end: () => void;
}

/** Reports text: characters split between pieces are joined. */
export function textReporter(onText: (text: string) => void): Reporter {
  const reader = new Utf8Reader();
  const tell = (text: string) => {
    if (text !== '') onText(text);
  };
  return { report: (bytes) => tell(reader.read(bytes)), end: () => tell(reader.end()) };
}

/** Reports bytes as they are. */
export function bytesReporter(
  onBytes: (channel: Channel, bytes: Uint8Array) => void,
  channel: Channel = 'stdout',
): Reporter {
  return { report: (bytes) => onBytes(channel, bytes), end: () => undefined };
}
