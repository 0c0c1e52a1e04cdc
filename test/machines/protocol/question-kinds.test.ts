import { describe, expect, test } from 'vitest';
import { answerOf, askedBy, questionKinds } from '../../../machines/protocol/question-kinds.ts';
import type { OpenApproval } from '../../../machines/protocol/types/approval.ts';
import { approvalOf, elicitationOf } from '../../support/thread-fixtures.ts';

const { mcpToolCall, mcpElicitation } = questionKinds;
const METHOD = 'mcpServer/elicitation/request';
const open: OpenApproval = approvalOf({
  kind: 'mcpToolCall',
  command: 'box.write {"text":"x"}',
  mcpTool: { server: 'box', tool: 'write', description: 'Writes it down', arguments: { text: 'x' } },
});

describe('whether an MCP tool may be called', () => {
  test('is asked by the reference’s request, and read from it again', () => {
    expect(askedBy(METHOD, mcpToolCall.toParams(open))).toEqual({
      kind: 'mcpToolCall',
      own: {
        reason: 'Allow the box MCP server to run tool "write"?',
        command: open.command,
        mcpTool: open.mcpTool,
      },
    });
  });

  test('is another question than what a server asks for itself by the same request', () => {
    const { _meta: _, ...own } = mcpToolCall.toParams(open) as Record<string, unknown>;
    expect(mcpToolCall.fromParams(own)).toBeNull();
    expect(mcpToolCall.fromParams({ ...own, _meta: { codex_approval_kind: 'tool_suggestion' } })).toBeNull();
    expect(mcpToolCall.fromParams(null)).toBeNull();
  });

  test.each(['accept', 'acceptForSession', 'decline', 'cancel'] as const)(
    '%s comes back as it was given',
    (decision) => {
      const result = mcpToolCall.toResult({ decision, content: null });
      expect(answerOf('mcpToolCall', result)).toEqual({ decision, content: null });
    },
  );
});

describe('what an MCP server asks for itself', () => {
  const form = elicitationOf();
  const url = elicitationOf({
    form: { type: 'mcpUrl', server: 'box', message: 'Sign in', url: 'https://example.test/in', elicitationId: 'e1' },
    reason: 'the MCP server box asks: Sign in',
  });

  test.each([
    ['a form', form],
    ['an address', url],
  ])('%s is asked by the reference’s request, and read from it again', (_, asked) => {
    const params = mcpElicitation.toParams(asked);
    expect(askedBy(METHOD, params)).toEqual({
      kind: 'mcpElicitation',
      own: { form: { ...asked.form, meta: null }, reason: asked.reason },
    });
  });

  test('has exactly the members of the reference', () => {
    const { threadId, turnId } = form;
    const both = { threadId, turnId, serverName: 'box', _meta: null };
    expect(mcpElicitation.toParams(form)).toEqual({
      ...both,
      mode: 'form',
      message: 'Who are you?',
      requestedSchema: form.form?.type === 'mcpForm' ? form.form.schema : null,
    });
    expect(mcpElicitation.toParams(url)).toEqual({
      ...both,
      mode: 'url',
      message: 'Sign in',
      url: 'https://example.test/in',
      elicitationId: 'e1',
    });
  });

  test('is not taken for a question of the daemon, whatever the server sends beside it', () => {
    const meta = { codex_approval_kind: 'mcp_tool_call', tool_name: 'write', hint: 1 };
    const params = mcpElicitation.toParams(elicitationOf({ form: { ...form.form, meta } as OpenApproval['form'] }));
    expect(params).toMatchObject({ _meta: { tool_name: 'write', hint: 1 } });
    expect(askedBy(METHOD, params)?.kind).toBe('mcpElicitation');
  });

  test.each([
    { mode: 'openai/form', message: 'x', requestedSchema: {} },
    { mode: 'form', message: 'x', requestedSchema: { type: 'object', properties: { a: { type: 'object' } } } },
    null,
  ])('cannot be shown when it is %j', (params) => {
    expect(askedBy(METHOD, params && { threadId: 't', serverName: 'box', ...params })).toBeNull();
  });

  test.each([
    { result: { action: 'accept', content: { name: 'Al' } }, answer: { decision: 'accept', content: { name: 'Al' } } },
    { result: { action: 'accept' }, answer: { decision: 'accept', content: null } },
    { result: { action: 'decline', content: null }, answer: { decision: 'decline', content: null } },
    { result: { action: 'cancel', content: { name: 'Al' } }, answer: { decision: 'cancel', content: null } },
    { result: { action: 'accept', content: 'Al' }, answer: null },
    { result: { action: 'perhaps' }, answer: null },
  ])('the answer $result is read', ({ result, answer }) => {
    expect(answerOf('mcpElicitation', result)).toEqual(answer);
  });

  test('is answered in the reference’s words', () => {
    const { toResult } = mcpElicitation;
    expect(toResult({ decision: 'accept', content: { name: 'Al' } })).toEqual({
      action: 'accept',
      content: { name: 'Al' },
    });
    expect(toResult({ decision: 'accept', content: null })).toEqual({ action: 'accept', content: {} });
    expect(toResult({ decision: 'decline', content: null })).toEqual({ action: 'decline' });
    expect(toResult({ decision: 'cancel', content: null })).toEqual({ action: 'cancel' });
  });

  test('an address has nothing to fill in', () => {
    expect(mcpElicitation.misfit(url, {})).toBeNull();
    expect(mcpElicitation.misfit(url, { name: 'Al' })).toBe('nothing is to be filled in');
    expect(mcpElicitation.misfit(form, { name: 'A' })).toBe('field `name`: it needs at least 2 characters');
  });
});
