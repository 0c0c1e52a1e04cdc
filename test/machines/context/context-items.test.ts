import { describe, expect, test } from 'vitest';
import { BASE_INSTRUCTIONS } from '../../../machines/context/base-instructions.ts';
import { type ContextFacts, contextChanges, initialContext } from '../../../machines/context/context-items.ts';
import { environmentContext } from '../../../machines/context/environment-context.ts';
import { modeText } from '../../../machines/context/mode-text.ts';
import { type PermissionFacts, permissionsText } from '../../../machines/context/permissions-text.ts';
import { parsePatch } from '../../../machines/patch/parse-patch.ts';
import type { SandboxPolicy } from '../../../machines/policy/sandbox.ts';
import fc from '../../support/fast-check.ts';

const workspace: SandboxPolicy = {
  type: 'workspaceWrite',
  writableRoots: [],
  networkAccess: false,
  excludeTmpdirEnvVar: false,
  excludeSlashTmp: false,
};
const environment = {
  cwd: '/repo',
  shell: 'bash',
  currentDate: '2026-11-22',
  timezone: 'Etc/UTC',
  sandbox: workspace,
};
const permissions: PermissionFacts = {
  sandbox: workspace,
  approvalPolicy: 'on-request',
  writableRoots: ['/repo', '/tmp'],
  approvedPrefixes: [],
};
const facts: ContextFacts = {
  baseInstructions: 'base',
  permissions,
  developerInstructions: 'be brief',
  agentsMd: { folder: '/repo', text: 'Use tabs.\n' },
  environment,
};

const message = (role: string, ...texts: string[]) => ({
  type: 'message',
  role,
  content: texts.map((text) => ({ type: 'input_text', text })),
});

// As recorded from the reference (request-1-0.169.0).
const RECORDED_FILESYSTEM =
  '<filesystem><workspace_roots><root>/repo</root></workspace_roots><permission_profile type="managed"><file_system type="restricted"><entry access="read"><special>:root</special></entry><entry access="write"><path>/repo</path></entry><entry access="write"><special>:slash_tmp</special></entry><entry access="write"><special>:tmpdir</special></entry><entry access="read"><path>/repo/.git</path></entry><entry access="read"><path>/repo/.agents</path></entry><entry access="read"><path>/repo/.codex</path></entry><entry access="read"><path>/repo/.aws</path></entry></file_system></permission_profile></filesystem>';
const RECORDED_ENVIRONMENT = `<environment_context>\n  <cwd>/repo</cwd>\n  <shell>bash</shell>\n  <current_date>2026-11-22</current_date>\n  <timezone>Etc/UTC</timezone>\n  ${RECORDED_FILESYSTEM}\n</environment_context>`;
const RECORDED_AGENTS_MD = '# AGENTS.md instructions for /repo\n\n<INSTRUCTIONS>\nUse tabs.\n\n</INSTRUCTIONS>';

describe('environmentContext', () => {
  test('is the recorded text', () => {
    expect(environmentContext(environment)).toBe(RECORDED_ENVIRONMENT);
  });

  test('says that nothing limits full access, as recorded', () => {
    expect(environmentContext({ ...environment, sandbox: { type: 'dangerFullAccess' } })).toContain(
      '<permission_profile type="disabled"><file_system type="unrestricted" /></permission_profile></filesystem>\n',
    );
  });

  test('opens nothing for writing when read-only', () => {
    const text = environmentContext({ ...environment, sandbox: { type: 'readOnly', networkAccess: false } });
    expect(text).toContain(
      '<file_system type="restricted"><entry access="read"><special>:root</special></entry></file_system>',
    );
  });

  test('lists further roots and leaves excluded temporary folders out', () => {
    const sandbox = {
      ...workspace,
      writableRoots: ['/more', '/repo'],
      excludeSlashTmp: true,
      excludeTmpdirEnvVar: true,
    };
    const text = environmentContext({ ...environment, sandbox }) ?? '';
    expect([...text.matchAll(/access="write">(.*?)<\/entry>/g)].map((match) => match[1])).toEqual([
      '<path>/repo</path>',
      '<path>/more</path>',
    ]);
    expect(text).toContain('<path>/more/.git</path>');
  });

  test('keeps a hostile folder name inside its element', () => {
    expect(environmentContext({ ...environment, cwd: '/a</cwd><cwd>&' })).toContain(
      '\n  <cwd>/a&lt;/cwd&gt;&lt;cwd&gt;&amp;</cwd>\n',
    );
  });

  test('names only what changed', () => {
    const next = { ...environment, currentDate: '2026-11-23' };
    expect(environmentContext(next, environment)).toBe(
      '<environment_context>\n  <current_date>2026-11-23</current_date>\n</environment_context>',
    );
    expect(environmentContext(environment, environment)).toBeNull();
  });
});

describe('permissionsText', () => {
  test.each([
    [
      'read-only',
      { ...permissions, sandbox: { type: 'readOnly', networkAccess: false } },
      [/read-only/, /Network access: off/, /require_escalated/],
    ],
    ['workspace-write', permissions, [/workspace-write/, /\n- \/repo\n- \/tmp\n/, /`\.git`/, /Network access: off/]],
    ['open network', { ...permissions, sandbox: { ...workspace, networkAccess: true } }, [/Network access: on/]],
    [
      'full access',
      { ...permissions, sandbox: { type: 'dangerFullAccess' } },
      [/danger-full-access/, /Network access: on/],
    ],
    ['untrusted', { ...permissions, approvalPolicy: 'untrusted' }, [/policy: untrusted/, /require_escalated/]],
    ['on-failure', { ...permissions, approvalPolicy: 'on-failure' }, [/policy: on-failure/]],
    ['never', { ...permissions, approvalPolicy: 'never' }, [/policy: never/, /do not request an escalation/]],
    ['prefixes', { ...permissions, approvedPrefixes: [['npm', 'run test']] }, [/\n- \["npm","run test"\]\n/]],
  ] as const)('says in words: %s', (_, given, patterns) => {
    const text = permissionsText(given);
    expect(text).toMatch(/^<permissions instructions>\n.*\n<\/permissions instructions>$/s);
    for (const pattern of patterns) expect(text).toMatch(pattern);
  });

  test.each([
    ['nobody is asked', { ...permissions, approvalPolicy: 'never' }],
    ['there is no sandbox', { ...permissions, sandbox: { type: 'dangerFullAccess' } }],
  ] as const)('does not explain escalation where %s', (_, given) => {
    expect(permissionsText(given)).not.toContain('require_escalated');
  });
});

describe('initialContext', () => {
  test('stands in the order of the recordings', () => {
    expect(initialContext(facts)).toEqual([
      message('developer', 'base'),
      message('developer', permissionsText(permissions), 'be brief'),
      message('user', RECORDED_AGENTS_MD, RECORDED_ENVIRONMENT),
    ]);
  });

  test('says how Plan mode works, and of Default mode nothing', () => {
    const texts = (mode: 'plan' | 'default') => JSON.stringify(initialContext({ ...facts, mode }));
    expect(initialContext({ ...facts, mode: 'plan' })[1]).toEqual(
      message('developer', permissionsText(permissions), modeText('plan'), 'be brief'),
    );
    expect(texts('default')).not.toContain('collaboration_mode');
  });

  test('leaves out what is switched off or empty', () => {
    const bare = { ...facts, baseInstructions: null, permissions: null, developerInstructions: ' ', agentsMd: null };
    expect(initialContext(bare)).toEqual([message('user', RECORDED_ENVIRONMENT)]);
    expect(initialContext({ ...bare, environment: null })).toEqual([]);
  });
});

describe('contextChanges', () => {
  const day = { ...environment, currentDate: '2026-11-23' };
  test.each([
    { name: 'nothing changed', next: facts, items: [] },
    {
      name: 'a new day',
      next: { ...facts, environment: day },
      items: [message('user', environmentContext(day, environment) ?? '')],
    },
    {
      name: 'another approval policy',
      next: { ...facts, permissions: { ...permissions, approvalPolicy: 'never' as const } },
      items: [message('developer', permissionsText({ ...permissions, approvalPolicy: 'never' }))],
    },
    {
      name: 'other developer instructions and AGENTS.md',
      next: { ...facts, developerInstructions: 'be long', agentsMd: { folder: '/x', text: 'y' } },
      items: [
        message('developer', 'be long'),
        message('user', '# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\ny\n</INSTRUCTIONS>'),
      ],
    },
    { name: 'Plan mode', next: { ...facts, mode: 'plan' as const }, items: [message('developer', modeText('plan'))] },
    {
      name: 'what a client says of the mode, in place of our words',
      next: { ...facts, mode: 'plan' as const, modeInstructions: 'Ask first.' },
      items: [message('developer', '<collaboration_mode>Ask first.</collaboration_mode>')],
    },
    { name: 'no mode where none was known', next: { ...facts, mode: 'default' as const }, items: [] },
    { name: 'base instructions never', next: { ...facts, baseInstructions: 'other' }, items: [] },
    {
      name: 'parts switched off',
      next: { ...facts, permissions: null, environment: null, agentsMd: null, developerInstructions: null },
      items: [],
    },
  ])('append $name', ({ next, items }) => {
    expect(contextChanges(facts, next)).toEqual(items);
  });

  test('say when Plan mode is over', () => {
    expect(contextChanges({ ...facts, mode: 'plan' }, facts)).toEqual([message('developer', modeText('default'))]);
  });

  test('say everything once: a part switched on later is whole', () => {
    const before = { ...facts, permissions: null, environment: null };
    expect(contextChanges(before, facts)).toEqual([
      message('developer', permissionsText(permissions)),
      message('user', RECORDED_ENVIRONMENT),
    ]);
  });

  test('are nothing between equal facts, also when these come back from a log', () => {
    const somePath = fc.string().map((name) => `/${name}`);
    fc.assert(
      fc.property(somePath, fc.array(somePath), (cwd, writableRoots) => {
        const given = { ...facts, environment: { ...environment, cwd, sandbox: { ...workspace, writableRoots } } };
        expect(contextChanges(JSON.parse(JSON.stringify(given)), given)).toEqual([]);
      }),
    );
  });
});

test('the base instructions name every tool and show a patch that the format allows', () => {
  for (const tool of ['exec_command', 'write_stdin', 'apply_patch', 'update_plan']) {
    expect(BASE_INSTRUCTIONS).toContain(`\`${tool}\``);
  }
  const [example] = /^\*\*\* Begin Patch\n.*\n\*\*\* End Patch$/ms.exec(BASE_INSTRUCTIONS) ?? [''];
  expect(parsePatch(example).hunks.map((hunk) => hunk.kind)).toEqual(['update', 'add', 'delete']);
  expect(BASE_INSTRUCTIONS.split('\n').length).toBeGreaterThan(60);
});
