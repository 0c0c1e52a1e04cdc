import type { Channel } from './child.ts';

/** Kept of each channel when the client sets no limit, and when it wants none: an answer has to fit into a frame. */
export const DEFAULT_CAP_BYTES = 1024 * 1024;
export const HIGHEST_CAP_BYTES = 32 * 1024 * 1024;
/** A streamed piece is at most this long, before base64. */
const PIECE_BYTES = 64 * 1024;

export type OnDelta = (channel: Channel, bytes: Uint8Array, capReached: boolean) => void;

/** The output of one channel: kept up to a cap, or passed on up to it. What is over is read and dropped. */
export class ClientOutput {
  #kept: Uint8Array[] = [];
  #bytes = 0;

  constructor(
    private readonly channel: Channel,
    private readonly capBytes: number,
    /** Null: keep it. */
    private readonly onDelta: OnDelta | null,
  ) {}

  push(bytes: Uint8Array): void {
    const taken = bytes.subarray(0, this.capBytes - this.#bytes);
    if (taken.length === 0) return;
    for (let at = 0; at < taken.length; at += PIECE_BYTES) this.#take(taken.subarray(at, at + PIECE_BYTES));
  }

  get capReached(): boolean {
    return this.#bytes >= this.capBytes;
  }

  /** What was kept; bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    return Buffer.concat(this.#kept).toString('utf8');
  }

  #take(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.onDelta) this.onDelta(this.channel, piece, this.capReached);
    else this.#kept.push(piece);
  }
}
