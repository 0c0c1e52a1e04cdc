import { describe, expect, test } from 'vitest';
import { checkConfig, formatKey } from '../../../machines/config/config-schema.ts';

describe('checkConfig', () => {
  test('keeps unknown keys and reads known ones', () => {
    const raw = {
      model: 'gpt-5.5',
      otel: { exporter: 'none' },
      sandbox_workspace_write: { network_access: true, more: 1 },
    };
    expect(checkConfig(raw)).toEqual({ config: raw });
  });

  test('reads a granular approval policy as on-request', () => {
    expect(checkConfig({ approval_policy: { granular: { rules: true } } })).toEqual({
      config: { approval_policy: 'on-request' },
    });
  });

  test('takes an effort that only newer models know', () => {
    const raw = { model_reasoning_effort: 'ultra' };
    expect(checkConfig(raw)).toEqual({ config: raw });
  });

  test.each([
    {
      name: 'names the allowed values of a choice',
      raw: { sandbox_mode: 'workspace' },
      path: ['sandbox_mode'],
      message: 'sandbox_mode must be one of "read-only", "workspace-write", "danger-full-access", not "workspace"',
    },
    {
      name: 'names the allowed approval policies',
      raw: { approval_policy: 'always' },
      path: ['approval_policy'],
      message:
        'approval_policy must be one of "untrusted", "on-failure", "on-request", "never" or a granular table, not "always"',
    },
    {
      name: 'refuses a table where a text is wanted',
      raw: { model: {} },
      path: ['model'],
      message: 'model must be a text',
    },
    {
      name: 'refuses a model without a name',
      raw: { model: ' ' },
      path: ['model'],
      message: 'model must not be empty',
    },
    {
      name: 'refuses an effort without a name',
      raw: { model_reasoning_effort: '' },
      path: ['model_reasoning_effort'],
      message: 'model_reasoning_effort must not be empty',
    },
    {
      name: 'refuses a text where a table is wanted',
      raw: { model_providers: { mine: 'x' } },
      path: ['model_providers', 'mine'],
      message: 'model_providers.mine must be a table',
    },
    {
      name: 'refuses a list where a table is wanted',
      raw: { history: [] },
      path: ['history'],
      message: 'history must be a table',
    },
    {
      name: 'refuses a number below the smallest',
      raw: { project_doc_max_bytes: -1 },
      path: ['project_doc_max_bytes'],
      message: 'project_doc_max_bytes must be a whole number, 0 or more',
    },
    {
      name: 'refuses half a token',
      raw: { tool_output_token_limit: 1.5 },
      path: ['tool_output_token_limit'],
      message: 'tool_output_token_limit must be a whole number, 1 or more',
    },
    {
      name: 'points into a list',
      raw: { sandbox_workspace_write: { writable_roots: ['/a', 1] } },
      path: ['sandbox_workspace_write', 'writable_roots', '1'],
      message: 'sandbox_workspace_write.writable_roots.1 must be a text',
    },
    {
      name: 'quotes a project path',
      raw: { projects: { '/a b': { trust_level: 'yes' } } },
      path: ['projects', '/a b', 'trust_level'],
      message: 'projects."/a b".trust_level must be one of "trusted", "untrusted", not "yes"',
    },
  ])('$name', ({ raw, path, message }) => {
    expect(checkConfig(raw)).toEqual({ problem: { path, message } });
  });

  test('writes key paths as TOML does', () => {
    expect(formatKey(['projects', '/a"b', 'trust_level'])).toBe('projects."/a\\"b".trust_level');
  });
});
