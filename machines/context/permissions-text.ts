import type { SandboxPolicy } from '../policy/sandbox.ts';
import type { ApprovalPolicy } from '../protocol/types/policy.ts';

/** What the model may do, as its instructions say it. Plain data: kept with a turn to find later what changed. */
export interface PermissionFacts {
  readonly sandbox: SandboxPolicy;
  readonly approvalPolicy: ApprovalPolicy;
  /** Absolute folders open for writing, cwd first; `writableRoots` of policy/sandbox.ts. */
  readonly writableRoots: readonly string[];
  /** Command prefixes that rules let run without a question, each as words. */
  readonly approvedPrefixes: readonly (readonly string[])[];
}

/** The `<permissions instructions>` block of the developer message (agent.md §2.2, §9). */
export function permissionsText(facts: PermissionFacts): string {
  const paragraphs = [
    sandboxParagraph(facts),
    networkParagraph(facts.sandbox),
    approvalParagraph(facts),
    prefixParagraph(facts.approvedPrefixes),
  ];
  const body = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
  return `<permissions instructions>\n${body}\n</permissions instructions>`;
}

function sandboxParagraph({ sandbox, writableRoots }: PermissionFacts): string {
  switch (sandbox.type) {
    case 'dangerFullAccess':
      return 'Sandbox mode: danger-full-access. Commands and patches run without a sandbox and can change any file. Nothing stops a mistake, so keep to the folders that the task is about.';
    case 'readOnly':
      return 'Sandbox mode: read-only. Commands may read any file that is not hidden from them and may not write anywhere.';
    case 'workspaceWrite':
      return [
        'Sandbox mode: workspace-write. Commands may read any file that is not hidden from them and may write only below these folders:',
        ...writableRoots.map((root) => `- ${root}`),
        'Inside them `.git`, `.codex`, `.agents` and `.aws` stay read-only, so a `git commit` needs an escalation.',
      ].join('\n');
    default:
      return sandbox satisfies never;
  }
}

function networkParagraph(sandbox: SandboxPolicy): string {
  const isOpen = sandbox.type === 'dangerFullAccess' || sandbox.networkAccess;
  return isOpen
    ? 'Network access: on.'
    : 'Network access: off. Connections fail, to this machine too; installing packages or fetching pages will not work inside the sandbox.';
}

const HOW_TO_ESCALATE =
  'To run one command outside the sandbox, call `exec_command` with `sandbox_permissions` set to `require_escalated` and a one-sentence `justification` that tells the user what it does and why it is needed. Ask only after the sandbox stood in the way or plainly will, and never to get around a refusal.';

function approvalParagraph({ approvalPolicy, sandbox }: PermissionFacts): string {
  const hasSandbox = sandbox.type !== 'dangerFullAccess';
  switch (approvalPolicy) {
    case 'never':
      return 'Approval policy: never. Nobody is asked. A command that needs more than the sandbox allows fails; do not request an escalation, find another way or say what is missing.';
    case 'on-request':
      return hasSandbox
        ? `Approval policy: on-request. Commands run inside the sandbox without a question. ${HOW_TO_ESCALATE}`
        : 'Approval policy: on-request. Commands run without a question, except those that are known to be dangerous.';
    case 'on-failure':
      return `Approval policy: on-failure. Commands run inside the sandbox; when it stops one, the user may be asked to let it run outside. ${HOW_TO_ESCALATE}`;
    case 'untrusted':
      return `Approval policy: untrusted. Commands known to only read run at once; the user is asked about every other command and every patch before it happens, and may decline. ${hasSandbox ? HOW_TO_ESCALATE : ''}`.trim();
    default:
      return approvalPolicy satisfies never;
  }
}

function prefixParagraph(prefixes: readonly (readonly string[])[]): string {
  if (prefixes.length === 0) return '';
  const lines = prefixes.map((words) => `- ${JSON.stringify(words)}`);
  return [
    'Commands that start with one of these word lists are approved already and run outside the sandbox:',
    ...lines,
  ].join('\n');
}
