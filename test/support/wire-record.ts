import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** One thing that a daemon said to a client, without the ids that belong to one connection. */
export type WireRecord =
  | { readonly kind: 'answer'; readonly method: string; readonly result: unknown }
  | { readonly kind: 'error'; readonly method: string; readonly error: unknown }
  | { readonly kind: 'notification' | 'request'; readonly method: string; readonly params: unknown };

/** Names the folder into which every test client writes what it was told; unset, nothing is written. */
export const WIRE_RECORD_VARIABLE = 'WIRE_RECORD';

/** What is longer has the shape of what is shorter. */
const LONGEST_RECORD = 1024 * 1024;

/** What was said on one connection, for `npm run test:reference` to compare with the reference's own schema. */
export class WireRecorder {
  private readonly methods = new Map<unknown, string>();
  private readonly folder = process.env[WIRE_RECORD_VARIABLE];

  sent(message: unknown): void {
    if (this.folder && isObject(message) && 'id' in message && typeof message.method === 'string')
      this.methods.set(message.id, message.method);
  }

  received(message: unknown): void {
    if (!this.folder) return;
    const record = this.toRecord(message);
    const line = JSON.stringify(record);
    if (record && line.length < LONGEST_RECORD) appendFileSync(join(this.folder, `${process.pid}.jsonl`), `${line}\n`);
  }

  private toRecord(message: unknown): WireRecord | null {
    if (!isObject(message)) return null;
    if (typeof message.method === 'string')
      return {
        kind: 'id' in message ? 'request' : 'notification',
        method: message.method,
        params: message.params ?? null,
      };
    const method = this.methods.get(message.id);
    if (method === undefined) return null;
    if ('error' in message) return { kind: 'error', method, error: message.error };
    return { kind: 'answer', method, result: message.result };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
