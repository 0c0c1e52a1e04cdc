import type { MessageItem } from '../model/response-item.ts';
import type { ModeKind } from '../protocol/types/thread.ts';
import { type EnvironmentFacts, environmentContext } from './environment-context.ts';
import { modeText } from './mode-text.ts';
import { type PermissionFacts, permissionsText } from './permissions-text.ts';
import { type SkillFacts, skillsText } from './skills-text.ts';

/** Everything that stands in front of the first prompt. Plain data; null where a part is left out. */
export interface ContextFacts {
  /** Null when they travel another way (the `instructions` of a request, or a message that request building adds). */
  readonly baseInstructions: string | null;
  /** Null with `include_permissions_instructions = false`. */
  readonly permissions: PermissionFacts | null;
  /** Left out by the logs of older daemons, which had none. */
  readonly mode?: ModeKind;
  /** What a client wants said about the mode in place of our words. Left out by the logs of older daemons. */
  readonly modeInstructions?: string | null;
  readonly developerInstructions: string | null;
  /** Left out by the logs of older daemons. */
  readonly skills?: readonly SkillFacts[];
  readonly agentsMd: { readonly folder: string; readonly text: string } | null;
  /** Null with `include_environment_context = false`. */
  readonly environment: EnvironmentFacts | null;
}

/** The context items of a thread's first turn, in the order of agent.md §2.2 (0.169). Empty messages are left out. */
export function initialContext(facts: ContextFacts): readonly MessageItem[] {
  return [
    ...message('developer', [facts.baseInstructions]),
    ...message('developer', [
      skillsText(facts.skills ?? []),
      facts.permissions && permissionsText(facts.permissions),
      modeAtStart(facts),
      facts.developerInstructions,
    ]),
    ...message('user', [agentsMdPart(facts), facts.environment && environmentContext(facts.environment)]),
  ];
}

/**
 * What a later turn appends: only what changed since `previous`, so that the prompt's prefix stays cacheable. What
 * was switched off since cannot be taken back; base instructions stay those of the thread's start.
 */
export function contextChanges(previous: ContextFacts, next: ContextFacts): readonly MessageItem[] {
  const { permissions, developerInstructions, environment } = next;
  return [
    ...message('developer', [
      changed(skillsText(previous.skills ?? []), skillsText(next.skills ?? [])),
      permissions &&
        changed(previous.permissions && permissionsText(previous.permissions), permissionsText(permissions)),
      changed(modePart(previous), modePart(next)),
      changed(previous.developerInstructions, developerInstructions),
    ]),
    ...message('user', [
      changed(agentsMdPart(previous), agentsMdPart(next)),
      environment && environmentContext(environment, previous.environment),
    ]),
  ];
}

const modePart = ({ mode = 'default', modeInstructions = null }: ContextFacts): string =>
  modeText(mode, modeInstructions);

/** Our own words about Default mode only say what has ended. */
function modeAtStart(facts: ContextFacts): string | null {
  return facts.mode === 'plan' || facts.modeInstructions != null ? modePart(facts) : null;
}

function agentsMdPart({ agentsMd }: ContextFacts): string | null {
  if (agentsMd === null) return null;
  return `# AGENTS.md instructions for ${agentsMd.folder}\n\n<INSTRUCTIONS>\n${agentsMd.text}\n</INSTRUCTIONS>`;
}

function changed(before: string | null, after: string | null): string | null {
  return before === after ? null : after;
}

function message(role: 'developer' | 'user', parts: readonly (string | null)[]): readonly MessageItem[] {
  const texts = parts.filter((part): part is string => part !== null && part.trim() !== '');
  if (texts.length === 0) return [];
  return [{ type: 'message', role, content: texts.map((text) => ({ type: 'input_text', text })) }];
}
