import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type { AnyNotification, AnyRequest, Schema } from '../../machines/protocol/define.ts';
import {
  clientNotifications,
  clientRequests,
  daemonRequests,
  globalNotifications,
  plainNotifications,
  threadNotifications,
} from '../../machines/protocol/index.ts';
import * as approvalTypes from '../../machines/protocol/types/approval.ts';
import * as itemTypes from '../../machines/protocol/types/item.ts';
import * as policyTypes from '../../machines/protocol/types/policy.ts';
import * as threadTypes from '../../machines/protocol/types/thread.ts';
import * as usageTypes from '../../machines/protocol/types/usage.ts';
import { capital, folderOf, isExperimental, responseName, stemOf } from './schema-names.ts';

export type { JsonSchema };

/** One printed file: its folder as in the reference (`v1`, `v2` or none), its name, and a JSON Schema of draft 7. */
export interface SchemaDocument {
  readonly folder: '' | 'v1' | 'v2';
  readonly name: string;
  readonly schema: JsonSchema;
}

/** Shapes that several methods share; each has a name of its own and is printed once. */
const shared: Record<string, Schema> = Object.fromEntries(
  [approvalTypes, itemTypes, policyTypes, threadTypes, usageTypes]
    .flatMap((file): [string, unknown][] => Object.entries(file))
    .filter((entry): entry is [string, Schema] => isSchema(entry[1]))
    .map(([name, schema]) => [capital(name), schema]),
);

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'schema';
}

type Converted = Parameters<typeof toJsonSchema>[0];

const config: ConversionConfig = {
  target: 'draft-07',
  // What may come over the wire: members with a default may be left out.
  typeMode: 'input',
  // They change a value and are no part of its shape.
  ignoreActions: ['trim'],
  definitions: shared as Record<string, Converted>,
  overrideRef: ({ referenceId }) => `#/definitions/${referenceId}`,
};

/** @returns every file that is printed, experimental methods only when asked for */
export function schemaDocuments(withExperimental: boolean): SchemaDocument[] {
  const isPrinted = ({ method }: { readonly method: string }) => withExperimental || !isExperimental(method);
  const requests = values<AnyRequest>(clientRequests).filter(isPrinted);
  const asks = values<AnyRequest>(daemonRequests).filter(isPrinted);
  const tells = [threadNotifications, globalNotifications, plainNotifications]
    .flatMap((table) => values<AnyNotification>(table))
    .filter(isPrinted);
  const documents = [
    ...requests.flatMap((request) => shapesOf(request, folderOf(request.method))),
    ...asks.flatMap((request) => shapesOf(request, '')),
    ...tells.map(({ method, params }) => document(folderOf(method), `${stemOf(method)}Notification`, params)),
    union(
      'ClientRequest',
      requests.map((request) => requestMessage(request, `${stemOf(request.method)}Params`)),
    ),
    union(
      'ServerRequest',
      asks.map((request) => requestMessage(request, `${stemOf(request.method)}Params`)),
    ),
    union(
      'ServerNotification',
      tells.map((one) => notificationMessage(one, `${stemOf(one.method)}Notification`)),
    ),
    union(
      'ClientNotification',
      values<AnyNotification>(clientNotifications).map(({ method }) => bareMessage(method)),
    ),
    ...envelope,
  ];
  return uniqueByName(documents);
}

const values = <T>(table: Readonly<Record<string, unknown>>): T[] => Object.values(table) as T[];

function shapesOf({ method, params, result }: AnyRequest, folder: SchemaDocument['folder']): SchemaDocument[] {
  const answer = document(folder, responseName(method), result);
  return takesParams(params) ? [document(folder, `${stemOf(method)}Params`, params), answer] : [answer];
}

/** Not for methods that are called without parameters, or with an empty object. */
function takesParams(params: Schema): boolean {
  const { properties } = convert(params);
  return properties !== undefined && Object.keys(properties).length > 0;
}

function document(folder: SchemaDocument['folder'], name: string, schema: Schema): SchemaDocument {
  return { folder, name, schema: { ...convert(schema), title: name } };
}

/** A shape with the shared shapes that it uses, and no others. */
function convert(schema: Schema): JsonSchema {
  const { $defs, ...root } = toJsonSchema(schema as Converted, config);
  const definitions = ($defs ?? {}) as Record<string, JsonSchema>;
  const used = new Set<string>();
  const look = (text: string): void => {
    for (const [, name = ''] of text.matchAll(/"#\/definitions\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      look(JSON.stringify(definitions[name]));
    }
  };
  look(JSON.stringify(root));
  if (used.size === 0) return root;
  return { ...root, definitions: Object.fromEntries([...used].sort().map((name) => [name, definitions[name] ?? {}])) };
}

const REQUEST_ID: JsonSchema = { anyOf: [{ type: 'string' }, { type: 'integer' }] };

function requestMessage({ method, params }: AnyRequest, paramsName: string): JsonSchema {
  const { $schema: _, ...shape } = convert(params);
  const isNeeded = takesParams(params);
  return {
    title: `${stemOf(method)}Request`,
    type: 'object',
    properties: {
      id: REQUEST_ID,
      method: { const: method },
      ...(isNeeded ? { params: { ...shape, title: paramsName } } : {}),
    },
    required: ['id', 'method', ...(isNeeded ? ['params'] : [])],
  };
}

function notificationMessage({ method, params }: AnyNotification, name: string): JsonSchema {
  const { $schema: _, ...shape } = convert(params);
  return {
    title: name,
    type: 'object',
    properties: { method: { const: method }, params: { ...shape, title: name } },
    required: ['method', 'params'],
  };
}

const bareMessage = (method: string): JsonSchema => ({
  title: `${stemOf(method)}Notification`,
  type: 'object',
  properties: { method: { const: method } },
  required: ['method'],
});

/** One of several messages; what they share is defined once. */
function union(name: string, messages: readonly JsonSchema[]): SchemaDocument {
  const definitions: Record<string, JsonSchema> = {};
  const oneOf = messages.map((message) => lift(message, definitions) as JsonSchema);
  const all = Object.keys(definitions).length === 0 ? {} : { definitions: sorted(definitions) };
  return { folder: '', name, schema: { $schema: DRAFT, title: name, oneOf, ...all } };
}

/** Takes the definitions out of a shape, wherever they are. */
function lift(value: unknown, definitions: Record<string, JsonSchema>): unknown {
  if (Array.isArray(value)) return value.map((part) => lift(part, definitions));
  if (typeof value !== 'object' || value === null) return value;
  const { definitions: own, ...rest } = value as Record<string, unknown>;
  // A member that happens to be called so has no place here: the wire knows none.
  if (own) Object.assign(definitions, own);
  return Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, lift(part, definitions)]));
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** The messages themselves (protocol.md section 2). */
const envelope: readonly SchemaDocument[] = [
  envelopeDocument('RequestId', REQUEST_ID),
  envelopeDocument('JSONRPCRequest', objectOf({ id: REQUEST_ID, method: { type: 'string' } }, { params: {} })),
  envelopeDocument(
    'JSONRPCNotification',
    objectOf({ method: { type: 'string' } }, { params: {}, emittedAtMs: { type: 'integer' } }),
  ),
  envelopeDocument('JSONRPCResponse', objectOf({ id: REQUEST_ID, result: {} }, {})),
  envelopeDocument('JSONRPCErrorError', errorShape()),
  envelopeDocument('JSONRPCError', objectOf({ id: REQUEST_ID, error: errorShape() }, {})),
];

function errorShape(): JsonSchema {
  return objectOf({ code: { type: 'integer' }, message: { type: 'string' } }, { data: {} });
}

function objectOf(required: Record<string, JsonSchema>, optional: Record<string, JsonSchema>): JsonSchema {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) };
}

function envelopeDocument(name: string, schema: JsonSchema): SchemaDocument {
  return { folder: '', name, schema: { $schema: DRAFT, title: name, ...schema } };
}

function uniqueByName(documents: readonly SchemaDocument[]): SchemaDocument[] {
  return [...new Map(documents.map((one) => [`${one.folder}/${one.name}`, one])).values()];
}

/** All of them in one: each name is a definition (the reference's `codex_app_server_protocol.schemas.json`). */
export function schemaBundle(documents: readonly SchemaDocument[], title: string): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  for (const { name, schema } of documents) {
    const { $schema: _, ...shape } = lift(schema, definitions) as JsonSchema;
    definitions[name] = shape;
  }
  return { $schema: DRAFT, title, type: 'object', definitions: sorted(definitions) };
}
