import { type Encoding, encode } from '../../machines/protocol/frames.ts';
import { clientRequests } from '../../machines/protocol/index.ts';
import type { WireMessage } from '../../machines/protocol/message.ts';
import { pick, sampleOf } from './sample-schema.ts';
import type { Random } from './seeded.ts';

export type HostileFrame = {
  readonly frame: Uint8Array | string;
  /** Whether the connection may be closed for it: it may be no message at all. */
  readonly mayClose: boolean;
};

/** What changes files, runs programs, signs in or ends the daemon: it gets only parameters that can never fit. */
const ACTING =
  /^(fs|process|command|config|turn|review)\/|^daemon\/(stop|listener)|^account\/log|shellCommand|compact|queue/;
/** A stop needs no parameters: a frame with a broken byte may still be a good one. */
const LEFT_OUT = new Set<string>(['initialize', 'daemon/stop', 'account/logout']);
const METHODS = Object.values(clientRequests).filter(({ method }) => !LEFT_OUT.has(method));
const JUNK: readonly unknown[] = [
  null,
  true,
  -1,
  1e300,
  '',
  'x'.repeat(5_000),
  [],
  {},
  [[[[]]]],
  { toString: 1 },
  { length: -1 },
];

/** Frames as no good client sends them, made from good ones. */
export class HostileFrames {
  private id = 0;

  constructor(
    private readonly random: Random,
    private readonly texts: Readonly<Record<string, readonly string[]>>,
  ) {}

  next(encoding: Encoding): HostileFrame {
    const kind = this.random();
    if (kind < 0.3) return { frame: encode(this.request(), encoding), mayClose: false };
    if (kind < 0.94) return this.changed(encoding);
    if (kind < 0.97) return { frame: this.broken(encode(this.request(), encoding)), mayClose: true };
    if (kind < 0.985) return { frame: this.noise(encoding), mayClose: true };
    if (kind < 0.995) return { frame: this.nested(encoding), mayClose: true };
    if (kind < 0.999)
      return { frame: encode({ ...this.request(), params: 'x'.repeat(200_000) }, encoding), mayClose: false };
    return { frame: encode(this.request(), encoding === 'json' ? 'msgpack' : 'json'), mayClose: true };
  }

  private request(): WireMessage & { readonly params: unknown } {
    const { method, params } = pick(this.random, METHODS);
    this.id += 1;
    const fitting = ACTING.test(method)
      ? pick(this.random, [17, 'text', false])
      : sampleOf(params, this.random, this.texts);
    return { id: this.id, method, params: fitting };
  }

  /** A request of which one member, at any depth, is something else or gone; seldom one of the envelope. */
  private changed(encoding: Encoding): HostileFrame {
    const message = structuredClone<object>(this.request()) as Record<string, unknown>;
    const isEnvelope = ACTING.test(String(message.method)) || this.random() < 0.1;
    let at = message;
    let key = isEnvelope ? pick(this.random, ['id', 'method']) : 'params';
    for (;;) {
      const inner = at[key];
      const keys = isTable(inner) ? Object.keys(inner) : [];
      if (isTable(inner) && keys.length > 0 && this.random() < 0.8) [at, key] = [inner, pick(this.random, keys)];
      else break;
    }
    if (this.random() < 0.3) delete at[key];
    else at[key] = pick(this.random, JUNK);
    // The cast: being no message is the point of it.
    return { frame: encode(message as unknown as WireMessage, encoding), mayClose: isEnvelope };
  }

  private broken(frame: Uint8Array | string): Uint8Array | string {
    const bytes = Buffer.from(frame);
    const at = Math.floor(this.random() * bytes.length);
    const how = this.random();
    if (how < 0.4) bytes[at] = Math.floor(this.random() * 256);
    const changed = how < 0.4 ? bytes : how < 0.7 ? bytes.subarray(0, at) : Buffer.concat([bytes, bytes.subarray(at)]);
    return typeof frame === 'string' ? changed.toString('latin1') : changed;
  }

  private noise(encoding: Encoding): Uint8Array | string {
    const bytes = Buffer.from(
      Array.from({ length: Math.floor(this.random() * 64) }, () => Math.floor(this.random() * 256)),
    );
    return encoding === 'json' ? bytes.toString('latin1') : bytes;
  }

  private nested(encoding: Encoding): Uint8Array | string {
    const depth = Math.floor(this.random() * 20_000);
    // 0x91 is a list of one.
    return encoding === 'json' ? '['.repeat(depth) : Buffer.alloc(depth, 0x91);
  }
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
