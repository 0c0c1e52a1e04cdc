import { describe, expect, test } from 'vitest';
import { decideElicitation } from '../../../machines/policy/elicitation.ts';
import type { Elicitation } from '../../../machines/protocol/types/elicitation.ts';

const of = { server: 'box', message: 'Well?' };
const bare: Elicitation = { type: 'mcpForm', ...of, schema: { type: 'object', properties: {} } };
const form: Elicitation = {
  type: 'mcpForm',
  ...of,
  schema: { type: 'object', properties: { a: { type: 'boolean' } } },
};
const address: Elicitation = { type: 'mcpUrl', ...of, url: 'https://example.test', elicitationId: 'e' };

describe('what an MCP server asks', () => {
  test.each(['untrusted', 'on-failure', 'on-request'] as const)('is put to people under %s', (approvalPolicy) => {
    for (const asked of [bare, form, address])
      for (const fullAccess of [true, false])
        expect(decideElicitation(asked, { approvalPolicy, fullAccess })).toBe('ask');
  });

  test('is declined where nobody may be asked, but for a mere yes under full access', () => {
    const decide = (asked: Elicitation, fullAccess: boolean) =>
      decideElicitation(asked, { approvalPolicy: 'never', fullAccess });
    expect([bare, form, address].map((asked) => decide(asked, false))).toEqual(['decline', 'decline', 'decline']);
    expect([bare, form, address].map((asked) => decide(asked, true))).toEqual(['accept', 'decline', 'decline']);
  });
});
