import { describe, expect, test } from 'vitest';
import { type CallFacts, decideCall } from '../../../machines/policy/approval.ts';
import type { ApprovalPolicy } from '../../../machines/protocol/types/policy.ts';

type Command = Extract<CallFacts, { kind: 'command' }>;
type Patch = Extract<CallFacts, { kind: 'patch' }>;

const POLICIES: readonly ApprovalPolicy[] = ['untrusted', 'on-failure', 'on-request', 'never'];

/** One word per decision, in the order of POLICIES. */
function decisions(facts: CallFacts): string {
  const words = POLICIES.map((policy) => {
    const decision = decideCall(facts, policy);
    return decision.type === 'ask' && decision.thenOutside ? 'askOutside' : decision.type;
  });
  return words.join(' ');
}

const flags = { asksEscalation: false, isDangerous: false, fullAccess: false, isGranted: false };
const command = (changes: Partial<Command>): CallFacts => ({
  kind: 'command',
  shown: 'rm -rf x',
  ...flags,
  ...changes,
});
const patch = (changes: Partial<Patch>): CallFacts => ({
  kind: 'patch',
  insideWritableRoots: true,
  readOnly: false,
  isGranted: false,
  ...changes,
});
const [asksEscalation, isDangerous, fullAccess, isGranted] = [true, true, true, true];

describe('whether a call needs a person (untrusted, on-failure, on-request, never)', () => {
  test.each([
    { name: 'a plan', facts: { kind: 'harmless' } as const, expected: 'run run run run' },
    { name: 'what a client does itself', facts: { kind: 'clientTool' } as const, expected: 'run run run run' },
    { name: 'a question to a person', facts: { kind: 'question' } as const, expected: 'ask ask ask ask' },
    { name: 'a command', facts: command({}), expected: 'ask run run run' },
    {
      name: 'a command that asks to leave the sandbox',
      facts: command({ asksEscalation }),
      expected: 'askOutside askOutside askOutside refuse',
    },
    { name: 'a dangerous command', facts: command({ isDangerous }), expected: 'ask ask ask refuse' },
    {
      name: 'a dangerous command that asks to leave the sandbox',
      facts: command({ isDangerous, asksEscalation }),
      expected: 'askOutside askOutside askOutside refuse',
    },
    {
      name: 'a command with full access',
      facts: command({ fullAccess }),
      expected: 'runOutside runOutside runOutside runOutside',
    },
    {
      name: 'a dangerous command with full access',
      facts: command({ fullAccess, isDangerous }),
      expected: 'askOutside askOutside askOutside refuse',
    },
    { name: 'a command that was allowed before', facts: command({ isGranted }), expected: 'run run run run' },
    {
      name: 'a dangerous one that was allowed before',
      facts: command({ isGranted, isDangerous }),
      expected: 'run run run run',
    },
    {
      name: 'one that was allowed before, outside the sandbox',
      facts: command({ isGranted, asksEscalation }),
      expected: 'runOutside runOutside runOutside runOutside',
    },
    { name: 'a patch of the project', facts: patch({}), expected: 'ask run run run' },
    {
      name: 'a patch of something else',
      facts: patch({ insideWritableRoots: false }),
      expected: 'askOutside askOutside askOutside refuse',
    },
    {
      name: 'a patch of something else that was allowed before',
      facts: patch({ insideWritableRoots: false, isGranted }),
      expected: 'runOutside runOutside runOutside runOutside',
    },
    {
      name: 'a patch of the project that was allowed before',
      facts: patch({ isGranted }),
      expected: 'run run run run',
    },
  ])('$name: $expected', ({ facts, expected }) => {
    expect(decisions(facts)).toBe(expected);
  });

  test('no combination that was not granted leaves the sandbox without a question or full access', () => {
    const booleans = [false, true];
    for (const asks of booleans)
      for (const dangerous of booleans)
        for (const policy of POLICIES) {
          const decision = decideCall(command({ asksEscalation: asks, isDangerous: dangerous }), policy);
          expect(decision.type).not.toBe('runOutside');
          if (dangerous) expect(decision.type).not.toBe('run');
        }
  });
});

describe('the text of a refusal says why, and what to do', () => {
  test.each([
    { name: 'a dangerous command', facts: command({ isDangerous }), says: ['rm -rf x', 'approval policy never'] },
    {
      name: 'an escalation',
      facts: command({ asksEscalation }),
      says: ['approval policy is never', 'default permissions'],
    },
    { name: 'a patch elsewhere', facts: patch({ insideWritableRoots: false }), says: ['outside of the project'] },
    { name: 'a patch in read-only', facts: patch({ insideWritableRoots: false, readOnly: true }), says: ['read-only'] },
  ])('$name', ({ facts, says }) => {
    const decision = decideCall(facts, 'never');
    for (const words of says)
      expect(decision).toMatchObject({ type: 'refuse', output: expect.stringContaining(words) });
  });
});
