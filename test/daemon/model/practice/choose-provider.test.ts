import { expect, test } from 'vitest';
import { chooseProvider, type ProviderFacts } from '../../../../daemon/model/practice/choose-provider.ts';
import { practiceNotice } from '../../../../daemon/model/practice/notice.ts';

const nothing: ProviderFacts = {
  isPracticeAsked: false,
  configured: null,
  hasCredentials: false,
  envKeys: [],
  hasBaseUrl: false,
};

test.each([
  { name: 'nothing at all', facts: {}, choice: { id: 'practice', because: 'nothingConfigured' } },
  { name: 'stored credentials', facts: { hasCredentials: true }, choice: { id: 'openai', because: 'credentials' } },
  {
    name: 'a key in the environment',
    facts: { envKeys: ['CODEX_API_KEY'] },
    choice: { id: 'openai', because: 'credentials' },
  },
  { name: 'a provider', facts: { configured: 'mine' }, choice: { id: 'mine', because: 'configured' } },
  {
    name: 'a provider and credentials',
    facts: { configured: 'mine', hasCredentials: true },
    choice: { id: 'mine', because: 'configured' },
  },
  { name: 'a base URL', facts: { hasBaseUrl: true }, choice: { id: 'openai', because: 'configured' } },
  { name: 'openai without a key', facts: { configured: 'openai' }, choice: { id: 'openai', because: 'configured' } },
  { name: '--practice', facts: { isPracticeAsked: true }, choice: { id: 'practice', because: 'asked' } },
  {
    name: '--practice over all else',
    facts: { isPracticeAsked: true, configured: 'mine', hasCredentials: true },
    choice: { id: 'practice', because: 'asked' },
  },
  {
    name: 'practice as the provider',
    facts: { configured: 'practice', hasCredentials: true },
    choice: { id: 'practice', because: 'asked' },
  },
])('with $name: $choice.id, because $choice.because', ({ facts, choice }) => {
  expect(chooseProvider({ ...nothing, ...facts })).toEqual(choice);
});

test.each(['nothingConfigured', 'asked'] as const)(
  'the notice is one line that says what it is and how to leave it (%s)',
  (reason) => {
    const notice = practiceNotice(reason);

    expect(notice).toMatch(/^Practice model: [^\n]+$/);
    expect(notice).toContain('a small built-in program answers instead of a language model');
    expect(notice).toContain('`codex login`');
  },
);
