/** Why the practice model answers: nothing else is set up, or it was asked for. */
export type PracticeReason = 'nothingConfigured' | 'asked';

const BECAUSE: Readonly<Record<PracticeReason, string>> = {
  nothingConfigured: 'no account is configured, so',
  asked: 'as you asked,',
};

/** One line that says what it is, to be shown each time a thread starts with the practice model. */
export function practiceNotice(reason: PracticeReason): string {
  return `Practice model: ${BECAUSE[reason]} a small built-in program answers instead of a language model; ask it "what can you do?". For real answers sign in with \`codex login\`, or set a provider in config.toml.`;
}
