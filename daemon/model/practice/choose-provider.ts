/** What decides which provider a new thread gets. */
export interface ProviderFacts {
  /** `--practice` was given. */
  readonly isPracticeAsked: boolean;
  /** `model_provider` of the merged configuration; null when no layer sets it. */
  readonly configured: string | null;
  /** A sign-in or API key is stored. */
  readonly hasCredentials: boolean;
  /** Names of the key variables (such as `CODEX_API_KEY`) that hold something in the client's environment. */
  readonly envKeys: readonly string[];
  /** `openai_base_url` is set: the built-in provider then leads to a server of the person's own. */
  readonly hasBaseUrl: boolean;
}

export interface ProviderChoice {
  readonly id: string;
  readonly because: 'asked' | 'configured' | 'credentials' | 'nothingConfigured';
}

/** The practice model answers only when it is asked for, or when neither a provider nor credentials are set up. */
export function chooseProvider(facts: ProviderFacts): ProviderChoice {
  if (facts.isPracticeAsked || facts.configured === 'practice') return { id: 'practice', because: 'asked' };
  if (facts.configured !== null) return { id: facts.configured, because: 'configured' };
  if (facts.hasBaseUrl) return { id: 'openai', because: 'configured' };
  if (facts.hasCredentials || facts.envKeys.length > 0) return { id: 'openai', because: 'credentials' };
  return { id: 'practice', because: 'nothingConfigured' };
}
