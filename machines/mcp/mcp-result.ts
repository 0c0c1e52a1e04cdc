import { cutMiddle } from '../exec/format-output.ts';
import type { OutputPart } from '../model/response-item.ts';
import type { McpToolCallResult } from '../protocol/types/item.ts';
import type { McpAnswer } from './mcp-offer.ts';

/** What the model reads about a call: one text, or parts when there is a picture among them. */
export type McpOutput = string | readonly OutputPart[];

/**
 * The answer of a tool for the model (agent.md §16): how long it took, then its text; structured content takes the
 * place of the text. Text over the budget is cut in the middle.
 */
export function mcpOutput(answer: McpAnswer, wallTimeMs: number, maxTokens: number, takesImages: boolean): McpOutput {
  const head = `Wall time: ${(wallTimeMs / 1000).toFixed(4)} seconds\nOutput:\n`;
  if (answer.structuredContent != null) {
    return `${head}${cutMiddle(JSON.stringify(answer.structuredContent), maxTokens)}`;
  }
  const images = takesImages ? answer.content.flatMap(toImage) : [];
  const texts = answer.content.filter((part) => !(takesImages && isImage(part))).map(toText);
  const text = `${head}${cutMiddle(texts.join('\n'), maxTokens)}`;
  return images.length === 0 ? text : [{ type: 'input_text', text }, ...images];
}

type Content = McpAnswer['content'][number];

const isImage = ({ type, data, mimeType }: Content): boolean =>
  type === 'image' && typeof data === 'string' && typeof mimeType === 'string';

const toImage = (part: Content): OutputPart[] =>
  isImage(part) ? [{ type: 'input_image', image_url: `data:${part.mimeType};base64,${part.data}` }] : [];

/** A part in words; what cannot be read is named, not sent as base64. */
function toText(part: Content): string {
  if (part.type === 'text' && typeof part.text === 'string') return part.text;
  if (part.type === 'image' || part.type === 'audio') return `[${part.type}: ${String(part.mimeType)}]`;
  return JSON.stringify(part);
}

/** The answer in words for people: its text parts, else its structured content. */
export function mcpText({ content, structuredContent }: Pick<McpAnswer, 'content' | 'structuredContent'>): string {
  const text = content.map(toText).join('\n');
  return text === '' && structuredContent != null ? JSON.stringify(structuredContent) : text;
}

/** Most of a result that is written to the log and told to clients, in characters of its JSON. */
const MAX_SHOWN = 256 * 1024;
/** Of a larger one: so much of its words, and of its other members each. */
const MAX_PART = MAX_SHOWN / 4;
const BYTES_PER_TOKEN = 4;

/**
 * A result for people, as it is kept and told. One of up to 256 KiB is as the server gave it. Of a larger one its words
 * are left as a single text, cut in the middle, in which pictures and sounds are named; structured content and `_meta` are
 * left out where they are large themselves. What the model reads is made of the whole answer.
 */
export function shownResult({ content, structuredContent = null, _meta = null }: McpAnswer): McpToolCallResult {
  const whole = { content, structuredContent, _meta };
  if (sizeOf(whole) <= MAX_SHOWN) return whole;
  const text = cutMiddle(mcpText(whole), MAX_PART / BYTES_PER_TOKEN);
  return {
    content: [{ type: 'text', text }],
    structuredContent: sizeOf(structuredContent) <= MAX_PART ? structuredContent : null,
    _meta: sizeOf(_meta) <= MAX_PART ? _meta : null,
  };
}

const sizeOf = (value: unknown): number => JSON.stringify(value).length;
