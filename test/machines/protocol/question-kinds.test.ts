import { describe, expect, test } from 'vitest';
import { answerOf, kindOfRequest, questionKinds } from '../../../machines/protocol/question-kinds.ts';
import type { OpenApproval } from '../../../machines/protocol/types/approval.ts';
import { approvalOf } from '../../support/thread-fixtures.ts';

const { mcpToolCall } = questionKinds;
const open: OpenApproval = approvalOf({
  kind: 'mcpToolCall',
  command: 'box.write {"text":"x"}',
  mcpTool: { server: 'box', tool: 'write', description: 'Writes it down', arguments: { text: 'x' } },
});

describe('whether an MCP tool may be called', () => {
  test('is asked by the reference’s request, and read from it again', () => {
    expect(kindOfRequest('mcpServer/elicitation/request')).toBe('mcpToolCall');
    expect(mcpToolCall.fromParams(mcpToolCall.toParams(open))).toEqual({
      reason: 'Allow the box MCP server to run tool "write"?',
      command: open.command,
      mcpTool: open.mcpTool,
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
