import type { Auth } from '../auth/auth.ts';
import type { ChooseProvider } from '../threads/thread-setup.ts';
import { chooseProvider } from './practice/choose-provider.ts';

/** Which provider a thread gets when its request names none: configured, signed in, or practice. */
export function createChooseProvider(auth: Auth): ChooseProvider {
  return async (config, variables) => {
    const { account, error } = await auth.read();
    return chooseProvider({
      isPracticeAsked: false,
      configured: config.model_provider ?? null,
      // Credentials that cannot be read are credentials all the same: the turn then says what is wrong with them.
      hasCredentials: account !== null || error !== null,
      envKeys: variables.CODEX_API_KEY?.trim() ? ['CODEX_API_KEY'] : [],
      hasBaseUrl: config.openai_base_url !== undefined,
    }).id;
  };
}
