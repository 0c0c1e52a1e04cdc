import * as v from 'valibot';

/**
 * What an MCP server wants to know of a person: a flat form (protocol.md §9.5, `McpElicitationSchema`). A keyword that is
 * not named here is left out; a field of another shape makes the whole request unreadable.
 */

const about = { title: v.nullish(v.string()), description: v.nullish(v.string()) };

/** One of several, by the value that is sent and the words that are shown. */
const titledOption = v.object({ const: v.string(), title: v.string() });
const titledOptions = v.array(titledOption);
const plainOptions = v.array(v.string());

/** `enumNames` are the words of older servers. */
const plainChoice = v.object({
  type: v.literal('string'),
  ...about,
  enum: plainOptions,
  enumNames: v.nullish(v.array(v.string())),
  default: v.nullish(v.string()),
});
const titledChoice = v.object({
  type: v.literal('string'),
  ...about,
  oneOf: titledOptions,
  default: v.nullish(v.string()),
});
const severalOf = <Items extends v.GenericSchema<unknown, unknown>>(items: Items) =>
  v.object({
    type: v.literal('array'),
    ...about,
    items,
    minItems: v.nullish(v.number()),
    maxItems: v.nullish(v.number()),
    default: v.nullish(v.array(v.string())),
  });
const textField = v.object({
  type: v.literal('string'),
  ...about,
  minLength: v.nullish(v.number()),
  maxLength: v.nullish(v.number()),
  format: v.nullish(v.picklist(['email', 'uri', 'date', 'date-time'])),
  default: v.nullish(v.string()),
});
const numberField = v.object({
  type: v.picklist(['number', 'integer']),
  ...about,
  minimum: v.nullish(v.number()),
  maximum: v.nullish(v.number()),
  default: v.nullish(v.number()),
});
const booleanField = v.object({ type: v.literal('boolean'), ...about, default: v.nullish(v.boolean()) });

/** Choices first: a text field would take them, and lose the options. */
export const elicitationField = v.union([
  plainChoice,
  titledChoice,
  severalOf(v.object({ type: v.literal('string'), enum: plainOptions })),
  severalOf(v.object({ anyOf: titledOptions })),
  textField,
  numberField,
  booleanField,
]);
export type ElicitationField = v.InferOutput<typeof elicitationField>;

export const elicitationSchema = v.object({
  $schema: v.nullish(v.string()),
  type: v.literal('object'),
  properties: v.record(v.string(), elicitationField),
  required: v.nullish(v.array(v.string())),
});
export type ElicitationSchema = v.InferOutput<typeof elicitationSchema>;

const asked = {
  /** As configured. */
  server: v.string(),
  message: v.string(),
  /** What the server sent beside it, for clients that know it. */
  meta: v.optional(v.unknown()),
};

/** Something to fill in; without fields, to say yes or no to. */
export const elicitationForm = v.object({ type: v.literal('mcpForm'), ...asked, schema: elicitationSchema });
/** An address to go to; what is done there is between the person and the server. */
export const elicitationUrl = v.object({
  type: v.literal('mcpUrl'),
  ...asked,
  url: v.string(),
  elicitationId: v.string(),
});
export type Elicitation = v.InferOutput<typeof elicitationForm> | v.InferOutput<typeof elicitationUrl>;
