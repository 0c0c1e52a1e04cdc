import { describe, expect, test } from 'vitest';
import { redact, redactUrl } from '../../../daemon/log/redact.ts';
import fc from '../../support/fast-check.ts';

const JWT = 'eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDAwMDB9.c2lnbmF0dXJl';

describe('redact', () => {
  test.each([
    ['authorization: Bearer abc.def-123', 'authorization: Bearer [redacted]'],
    ['{"authorization":"bearer abc"}', '{"authorization":"bearer [redacted]"}'],
    ['Authorization: Basic dXNlcjpwdw==', 'Authorization: Basic [redacted]'],
    ['key sk-proj-abcdefghijkl_mnop-1 refused', 'key [redacted] refused'],
    [`token ${JWT}, expired`, 'token [redacted], expired'],
    ['{"refresh_token":"r1","client_id":"app_1"}', '{"refresh_token":"[redacted]","client_id":"app_1"}'],
    ['{\\"access_token\\": \\"a1\\"}', '{\\"access_token\\": \\"[redacted]\\"}'],
    ['{"OPENAI_API_KEY": "any-form"}', '{"OPENAI_API_KEY": "[redacted]"}'],
    ['grant_type=refresh_token&refresh_token=r1&scope=x', 'grant_type=refresh_token&refresh_token=[redacted]&scope=x'],
    ['CODEX_API_KEY=abc codex exec', 'CODEX_API_KEY=[redacted] codex exec'],
    ["api_key = 'abc'", "api_key = '[redacted]'"],
    ['GET /auth/callback?code=c1&state=s1 200', 'GET /auth/callback?code=[redacted]&state=[redacted] 200'],
    ['rt_0123456789abcdef.xyz', '[redacted]'],
  ])('blanks the secret in %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test.each([
    'task-list of 3 items, sk-ip this',
    '{"thread_id":"01a2037f-1b61-7983-aed7-d60c9ea233d3","code":"ENOENT"}',
    'input_tokens=12 output_tokens=5',
    'the api key was refused',
    '/home/user/.codex/auth.json could not be read: EACCES',
    '',
  ])('leaves %j alone', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('blanks known secrets of any form, the longer before its own beginning', () => {
    expect(redact('a correct-horse-battery b correct-horse', ['correct-horse', 'correct-horse-battery', 'a'])).toBe(
      'a [redacted] b [redacted]',
    );
  });

  test.each([
    [
      'http://localhost:1455/auth/callback?code=c&state=s&error=denied',
      'http://localhost:1455/auth/callback?code=[redacted]&state=[redacted]&error=denied',
    ],
    [
      'https://me:pw@a.test/x?client_id=app&whatever=1#id_token=x',
      'https://a.test/x?client_id=app&whatever=[redacted]',
    ],
    [
      'https://a.test/success?id_token=x&needs_setup=1',
      'https://a.test/success?id_token=[redacted]&needs_setup=[redacted]',
    ],
    ['https://a.test/plain', 'https://a.test/plain'],
    ['no address with code=1', 'no address with code=1'],
  ])('of the address %s a log shows %s', (address, expected) => {
    expect(redactUrl(address)).toBe(expected);
  });

  const word = fc.stringMatching(/^[A-Za-z0-9_-]{24,60}$/);
  const forms = fc.constantFrom<(secret: string) => string>(
    (secret) => `Bearer ${secret}`,
    (secret) => `sk-${secret}`,
    (secret) => JSON.stringify({ tokens: { refresh_token: secret } }),
    (secret) => JSON.stringify(JSON.stringify({ access_token: secret })),
    (secret) => `id_token=${secret}&x=1`,
    (secret) => `eyJ${secret}.${secret}.${secret}`,
  );

  test('no secret gets through, whatever stands around it', () => {
    const noise = fc.string().map((text) => `${text} `);
    fc.assert(
      fc.property(noise, forms, word, fc.string(), (before, form, secret, after) => {
        expect(redact(`${before}${form(secret)} ${after}`)).not.toContain(secret);
      }),
    );
  });

  test('doing it twice changes nothing more', () => {
    fc.assert(
      fc.property(forms, word, fc.string(), (form, secret, after) => {
        const once = redact(`${form(secret)} ${after}`);
        expect(redact(once)).toBe(once);
      }),
    );
  });

  test('long text without secrets is no burden', () => {
    const text = `${'eyJ sk- Bearer= code '.repeat(20_000)}${'a'.repeat(500_000)}`;
    expect(redact(text)).toBe(text);
  });
});
