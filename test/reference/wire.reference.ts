import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, inject, test } from 'vitest';
import {
  clientRequests,
  daemonRequests,
  globalNotifications,
  threadNotifications,
} from '../../machines/protocol/index.ts';
import { privateNotifications } from '../../machines/protocol/machine-methods.ts';
import type { WireRecord } from '../support/wire-record.ts';
import { ReferenceSchema } from './reference-schema.ts';

/** Methods of ours that the reference does not have are left out: there is nothing to compare them with. */
test('all that a daemon said in the integration tests fits the schema of the reference', async () => {
  const schema = ReferenceSchema.print();
  const faults = new Map<string, unknown>();
  const seen = new Set<string>();
  for await (const record of records(inject('wireRecord'))) {
    if (record.kind === 'error') continue;
    seen.add(`${record.kind} ${record.method}`);
    const value = record.kind === 'answer' ? record.result : record.params;
    const fault = schema.fault(record.kind, record.method, value);
    if (fault && !faults.has(fault)) faults.set(fault, value);
  }

  const shared = (kind: 'answer' | 'notification' | 'request', ours: object) =>
    schema
      .methods(kind)
      .filter((method) => Object.hasOwn(ours, method))
      .map((method) => `${kind} ${method}`);
  const compared = [
    ...shared('answer', clientRequests),
    ...shared('notification', { ...threadNotifications, ...globalNotifications, ...privateNotifications }),
    ...shared('request', daemonRequests),
  ];
  expect([...faults.keys()].sort()).toEqual([]);
  expect(compared.filter((said) => !seen.has(said))).toEqual([]);
});

async function* records(folder: string): AsyncGenerator<WireRecord> {
  for (const name of readdirSync(folder)) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) }))
      yield JSON.parse(line) as WireRecord;
  }
}
