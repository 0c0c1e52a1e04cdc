import { describe, expect, test } from 'vitest';
import { clientKey, dividePolicy, type Policy, withOwnPolicy } from '../../../machines/policy/own-policy.ts';
import type { ApprovalPolicy, WireSandboxPolicy } from '../../../machines/protocol/types/policy.ts';
import { otherClient, thisClient } from '../../support/thread-fixtures.ts';

const workspace = (changes: object = {}): WireSandboxPolicy => ({
  type: 'workspaceWrite',
  writableRoots: ['/a'],
  networkAccess: false,
  excludeTmpdirEnvVar: false,
  excludeSlashTmp: false,
  ...changes,
});
const readOnly = (networkAccess = false): WireSandboxPolicy => ({ type: 'readOnly', networkAccess });
const full: WireSandboxPolicy = { type: 'dangerFullAccess' };
const policy = (approvalPolicy: ApprovalPolicy, sandboxPolicy: WireSandboxPolicy = readOnly()): Policy => ({
  approvalPolicy,
  sandboxPolicy,
});

describe('what a client asks for', () => {
  test.each([
    ['untrusted', 'on-request'],
    ['on-request', 'on-failure'],
    ['on-failure', 'never'],
    ['untrusted', 'never'],
  ] as const)('covers its own turns when it is looser: %s against %s', (strict, loose) => {
    expect(dividePolicy(policy(strict), policy(loose))).toEqual({
      shared: policy(strict),
      own: { approvalPolicy: loose, sandboxPolicy: null },
    });
    expect(dividePolicy(policy(loose), policy(strict))).toEqual({
      shared: policy(strict),
      own: { approvalPolicy: null, sandboxPolicy: null },
    });
  });

  test.each<{ name: string; strict: WireSandboxPolicy; loose: WireSandboxPolicy }>([
    { name: 'writing', strict: readOnly(), loose: workspace() },
    { name: 'everything', strict: workspace({ networkAccess: true }), loose: full },
    { name: 'the network', strict: readOnly(), loose: readOnly(true) },
    { name: 'the network of a workspace', strict: workspace(), loose: workspace({ networkAccess: true }) },
    { name: 'one more folder', strict: workspace(), loose: workspace({ writableRoots: ['/a', '/b'] }) },
    { name: 'the temporary folder', strict: workspace({ excludeSlashTmp: true }), loose: workspace() },
    { name: 'the TMPDIR', strict: workspace({ excludeTmpdirEnvVar: true }), loose: workspace() },
  ])('covers its own turns when its sandbox lets through more: $name', ({ strict, loose }) => {
    const own = dividePolicy(policy('never', strict), policy('never', loose));
    expect(own).toEqual({ shared: policy('never', strict), own: { approvalPolicy: null, sandboxPolicy: loose } });
    expect(withOwnPolicy(own.shared, own.own)).toEqual(policy('never', loose));
    expect(dividePolicy(policy('never', loose), policy('never', strict)).shared).toEqual(policy('never', strict));
  });

  test('is its own when neither sandbox holds the other', () => {
    const asked = policy('never', readOnly(true));
    expect(dividePolicy(policy('never', workspace()), asked).own.sandboxPolicy).toEqual(readOnly(true));
  });
});

test('a client is the same over its connections, and a program without a process only on one', () => {
  const again = { ...thisClient, clientId: 'another connection' };
  expect(clientKey(again)).toBe(clientKey(thisClient));
  expect(clientKey(otherClient)).not.toBe(clientKey(thisClient));
  const plain = { ...thisClient, pid: null };
  expect(clientKey({ ...plain, clientId: 'another connection' })).not.toBe(clientKey(plain));
});
