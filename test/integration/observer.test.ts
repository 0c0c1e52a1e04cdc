import { toJsonSchema } from '@valibot/to-json-schema';
import { expect, test } from 'vitest';
import { type AnyRequest, checkAgainst, type Schema } from '../../machines/protocol/define.ts';
import { clientRequests } from '../../machines/protocol/index.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** The smallest value that fits a schema. */
function sampleOf(schema: JsonSchema): unknown {
  if ('const' in schema) return schema.const;
  const { enum: values, anyOf, oneOf, type, properties = {}, required = [], items, minItems } = schema;
  if (Array.isArray(values)) return values[0];
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return sampleOf(choices[0]);
  if (type === 'object')
    return Object.fromEntries(
      (required as string[]).map((name) => [name, sampleOf((properties as Record<string, JsonSchema>)[name] ?? {})]),
    );
  if (type === 'array') return minItems ? [sampleOf(items as JsonSchema)] : [];
  if (type === 'number' || type === 'integer') return schema.minimum ?? 1;
  if (type === 'boolean') return true;
  // The patterns of the wire are those of numbers.
  return schema.pattern === undefined ? 'x' : '7';
}

const schemaOf = (params: Schema): JsonSchema =>
  toJsonSchema(params as Parameters<typeof toJsonSchema>[0], { ignoreActions: ['trim'] }) as JsonSchema;

/** Everything that changes a thread, whoever adds it: those that name the thread they change. */
const changing = Object.values(clientRequests)
  .filter((request: AnyRequest) => request.mutates)
  .map((request: AnyRequest) => ({ request, schema: schemaOf(request.params) }))
  .filter(({ schema }) => Object.hasOwn((schema.properties ?? {}) as object, 'threadId'));

test('an observer of a thread is refused everything that changes it, by one name', async () => {
  const scene = await startScene({ script: [text('slow', { gate: 'go' })] });
  const thread = await startThread(await scene.connect());
  const watcher = await attachThread(await scene.connect(), thread.id, 'observer');
  const turnId = await thread.prompt('go');
  await scene.openai.waitForRequest(1);
  const before = thread.snapshot;

  const outcomes = await Promise.all(
    changing.map(async ({ request, schema }) => {
      const params = { ...(sampleOf(schema) as object), threadId: thread.id };
      expect([request.method, checkAgainst(request.params, params).ok]).toEqual([request.method, true]);
      const why = await watcher.client.request(request, params).then(
        () => 'it was done',
        (error: { errorName: string }) => error.errorName,
      );
      return [request.method, why];
    }),
  );

  expect(outcomes).toEqual(changing.map(({ request }) => [request.method, 'observerOnly']));
  expect(outcomes.length).toBeGreaterThan(9);
  expect(thread.snapshot).toBe(before);
  scene.openai.gate('go').open();
  await thread.ended(turnId);
});
