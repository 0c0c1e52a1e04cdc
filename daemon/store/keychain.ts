import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as v from 'valibot';
import { messageOf } from '../../machines/core/errors.ts';
import { DeadlineError, withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import { type KeychainRequest, keychainReply } from './keychain-process.ts';

/** Whether secrets can be kept in the system's keyring; `reason` is one sentence when they cannot. */
export type KeychainProbe =
  | { readonly available: true; readonly reason: null }
  | { readonly available: false; readonly reason: string };

export interface KeychainDeps {
  /** Path of the bundled keychain process. */
  readonly entry: string;
  readonly clock: Clock;
  /** Environment of the child: keytar needs HOME, DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR of a login. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For each of its calls; a keyring whose unlock prompt cannot show never answers (libraries.md §2). */
  readonly callLimitMs?: number;
  /** The name under which the trial secret is stored. */
  readonly randomId?: () => string;
}

export const KEYCHAIN_CALL_LIMIT_MS = 3_000;
const SERVICE = 'codex-daemon probe';

export type Call = (request: KeychainRequest) => Promise<string | boolean | null>;

/**
 * Tries the keyring once with a random key: set, get, delete. All three right means usable; anything else, with a
 * crash or a hang, is a reason. The child process is gone when this settles. Never rejects.
 */
export async function probeKeychain(deps: KeychainDeps): Promise<KeychainProbe> {
  try {
    const problem = await withKeychain(deps, (ask) => tryOnce(ask, (deps.randomId ?? randomUUID)()));
    return problem === null ? { available: true, reason: null } : { available: false, reason: problem };
  } catch (error) {
    return { available: false, reason: keychainReason(error) };
  }
}

/** Runs calls in a child process of their own, each within the limit; the child is gone when this settles. */
export async function withKeychain<T>(
  { entry, clock, env, callLimitMs = KEYCHAIN_CALL_LIMIT_MS }: KeychainDeps,
  run: (ask: Call) => Promise<T>,
): Promise<T> {
  const child = fork(entry, [], {
    env: { ...env, CODEX_KEYCHAIN_PROCESS: '1' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    return await run((request) => withDeadline(null, callLimitMs, clock, () => call(child, request)));
  } finally {
    await end(child);
  }
}

async function tryOnce(ask: Call, account: string): Promise<string | null> {
  const key = { service: SERVICE, account };
  const secret = `trial ${account}`;
  await ask({ type: 'set', id: 1, ...key, secret });
  const read = await ask({ type: 'get', id: 2, ...key });
  const isRemoved = await ask({ type: 'delete', id: 3, ...key });
  if (read !== secret) return 'the keyring did not give back what was stored';
  if (isRemoved !== true) return 'the keyring did not remove what was stored';
  return null;
}

function call(child: ChildProcess, request: KeychainRequest): Promise<string | boolean | null> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      const reply = v.safeParse(keychainReply, message);
      if (!reply.success || reply.output.id !== request.id) return;
      stop();
      if ('error' in reply.output) reject(new Error(reply.output.error));
      else resolve(reply.output.value);
    };
    const onEnd = (cause: unknown): void => {
      stop();
      reject(cause instanceof Error ? cause : new Error('the keyring process ended without an answer'));
    };
    const stop = (): void => {
      child.off('message', onMessage).off('exit', onEnd).off('error', onEnd);
    };
    child.on('message', onMessage).on('exit', onEnd).on('error', onEnd);
    child.send(request, (error) => error && onEnd(error));
  });
}

/** Why a call failed, in one line without anything that was stored. */
export function keychainReason(error: unknown): string {
  if (error instanceof DeadlineError) return `the keyring gave no answer within ${error.limitMs / 1000} seconds`;
  return messageOf(error).split('\n')[0] ?? '';
}

// SIGKILL: the child holds nothing of value, and a native call that hangs hears nothing else.
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
