import * as v from 'valibot';

/** As the model's interface takes names. */
const toolName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name of 1 to 64 letters, digits, _ and -'));

const dynamicFunction = v.object({
  type: v.literal('function'),
  name: toolName,
  description: v.string(),
  /** JSON Schema of the arguments. */
  inputSchema: v.unknown(),
  /** Taken in a namespace only, as in the reference, and not heeded there: every tool is offered from the start. */
  deferLoading: v.optional(v.boolean()),
});

/** A tool that a client answers itself, or several under one name. */
export const dynamicToolSpec = v.variant('type', [
  dynamicFunction,
  v.object({
    type: v.literal('namespace'),
    name: toolName,
    description: v.string(),
    tools: v.array(dynamicFunction),
  }),
]);
export type DynamicToolSpec = v.InferOutput<typeof dynamicToolSpec>;
export type DynamicFunction = v.InferOutput<typeof dynamicFunction>;

/** What a client answers a call with, piece by piece. */
export const dynamicToolContent = v.variant('type', [
  v.object({ type: v.literal('inputText'), text: v.string() }),
  v.object({ type: v.literal('inputImage'), imageUrl: v.string() }),
  v.object({ type: v.literal('inputAudio'), audioUrl: v.string() }),
]);
export type DynamicToolContent = v.InferOutput<typeof dynamicToolContent>;
