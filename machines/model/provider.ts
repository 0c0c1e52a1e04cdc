import * as v from 'valibot';
import { RpcError } from '../core/errors.ts';

/** Where and how the model is reached (agent.md §2.3). Times in ms. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly baseUrl: string;
  /** Used in place of `baseUrl` with a ChatGPT sign-in; null: the sign-in goes to `baseUrl` too. */
  readonly chatgptBaseUrl: string | null;
  /** Environment variable (of the client that submitted the turn) that holds the key. */
  readonly envKey: string | null;
  readonly envKeyInstructions: string | null;
  readonly queryParams: Readonly<Record<string, string>>;
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** Header name -> environment variable. */
  readonly envHttpHeaders: Readonly<Record<string, string>>;
  readonly requestMaxRetries: number;
  readonly streamMaxRetries: number;
  readonly streamIdleTimeoutMs: number;
  /** Only then is the stored sign-in sent to this provider. */
  readonly requiresOpenaiAuth: boolean;
  /** Answered inside the daemon, without a network: the practice model. */
  readonly isEmbedded: boolean;
}

/** More attempts than this are a typing error, and would hold a turn for ever. */
const MAX_RETRIES = 100;
const retries = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.transform((count) => Math.min(count, MAX_RETRIES)),
);
/** The longest wait that a timer of Node takes; above it, it would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const idleTimeout = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.transform((ms) => Math.min(ms, MAX_TIMER_MS)),
);
const texts = v.record(v.string(), v.string());

/** One `[model_providers.<id>]` table; keys that we do not know are ignored. */
export const providerEntry = v.object({
  name: v.optional(v.string()),
  base_url: v.pipe(v.string(), v.regex(/^https?:\/\/[^/]/i, 'must start with http:// or https://')),
  env_key: v.optional(v.string()),
  env_key_instructions: v.optional(v.string()),
  wire_api: v.optional(v.literal('responses', 'only "responses" is supported'), 'responses'),
  query_params: v.optional(texts, {}),
  http_headers: v.optional(texts, {}),
  env_http_headers: v.optional(texts, {}),
  request_max_retries: v.optional(retries, 4),
  stream_max_retries: v.optional(retries, 5),
  stream_idle_timeout_ms: v.optional(idleTimeout, 300_000),
  requires_openai_auth: v.optional(v.boolean(), false),
});

export const OPENAI_BASE_URL = 'https://api.openai.com/v1';
export const CHATGPT_BASE_URL = 'https://chatgpt.com/backend-api/codex';
export const DEFAULT_PROVIDER_ID = 'openai';

const defaults = toProvider('', v.parse(providerEntry, { base_url: OPENAI_BASE_URL }));

const builtIn = {
  openai: {
    ...defaults,
    id: 'openai',
    name: 'OpenAI',
    chatgptBaseUrl: CHATGPT_BASE_URL,
    requiresOpenaiAuth: true,
  },
  practice: { ...defaults, id: 'practice', name: 'Practice', baseUrl: 'http://practice.invalid/v1', isEmbedded: true },
  ollama: { ...defaults, id: 'ollama', name: 'Ollama', baseUrl: 'http://localhost:11434/v1' },
  lmstudio: { ...defaults, id: 'lmstudio', name: 'LM Studio', baseUrl: 'http://localhost:1234/v1' },
} satisfies Record<string, Provider>;

/** Ids that a configuration may not define. The last one is the reference's, for a cloud that we do not serve. */
export const reservedProviderIds: readonly string[] = [...Object.keys(builtIn), 'amazon-bedrock'];

/** Checks one entry. Throws `configInvalid`, naming the key, for a reserved id or a bad value. */
export function parseProvider(id: string, raw: unknown): Provider {
  if (reservedProviderIds.includes(id)) {
    throw new RpcError(
      'configInvalid',
      `model_providers.${id}: the built-in provider \`${id}\` cannot be redefined. Give your provider another id, \`${id}-custom\` for example.`,
    );
  }
  const parsed = v.safeParse(providerEntry, raw);
  if (parsed.success) return toProvider(id, parsed.output);
  const [issue] = parsed.issues;
  const key = [`model_providers.${id}`, v.getDotPath(issue)].filter(Boolean).join('.');
  throw new RpcError('configInvalid', `${key}: ${issue.message}`);
}

function toProvider(id: string, entry: v.InferOutput<typeof providerEntry>): Provider {
  return {
    id,
    name: entry.name ?? id,
    baseUrl: entry.base_url,
    chatgptBaseUrl: null,
    envKey: entry.env_key ?? null,
    envKeyInstructions: entry.env_key_instructions ?? null,
    queryParams: entry.query_params,
    httpHeaders: entry.http_headers,
    envHttpHeaders: entry.env_http_headers,
    requestMaxRetries: entry.request_max_retries,
    streamMaxRetries: entry.stream_max_retries,
    streamIdleTimeoutMs: entry.stream_idle_timeout_ms,
    requiresOpenaiAuth: entry.requires_openai_auth,
    isEmbedded: false,
  };
}

/** What of the configuration decides about providers. */
export interface ProviderConfig {
  /** The raw `model_providers` table. */
  readonly modelProviders?: Readonly<Record<string, unknown>> | undefined;
  /** `openai_base_url`: points the built-in `openai` elsewhere, also for a ChatGPT sign-in. */
  readonly openaiBaseUrl?: string | null | undefined;
}

/** Every provider by id: the built-in ones and the configured ones. Throws `configInvalid` as `parseProvider` does. */
export function listProviders({ modelProviders = {}, openaiBaseUrl }: ProviderConfig): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>(Object.entries(builtIn));
  if (openaiBaseUrl) providers.set('openai', { ...builtIn.openai, baseUrl: openaiBaseUrl, chatgptBaseUrl: null });
  for (const [id, raw] of Object.entries(modelProviders)) providers.set(id, parseProvider(id, raw));
  return providers;
}

/** The provider of an id. Throws `providerNotFound`, or `configInvalid` for a bad configuration. */
export function findProvider(id: string, config: ProviderConfig): Provider {
  const provider = listProviders(config).get(id);
  if (!provider)
    throw new RpcError('providerNotFound', `Model provider \`${id}\` not found`, { data: { provider: id } });
  return provider;
}

/** The base URL that a kind of sign-in goes to. A ChatGPT token never leaves for a URL that the entry did not name. */
export function baseUrlFor(provider: Provider, { isChatgpt }: { isChatgpt: boolean }): string {
  return isChatgpt && provider.chatgptBaseUrl !== null ? provider.chatgptBaseUrl : provider.baseUrl;
}
