import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

/** Where a test says that it signs in with a browser; any port that nothing else uses. */
const GATE_PORT = 14_559;
const TRY_AGAIN_MS = 50;

/**
 * Waits until no other test signs in with a browser: the port of the callback is the vendor's choice, and a second
 * sign-in takes it over (auth.md §4). Held until the test is over; a process that dies lets go of it.
 */
export async function takeLoginPort(): Promise<void> {
  const giveUpAtMs = Date.now() + WAIT_LIMIT_MS;
  while (!(await tryTake())) {
    if (Date.now() > giveUpAtMs) throw new Error('another test keeps the port of sign-ins with a browser');
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
}

function tryTake(): Promise<boolean> {
  const gate = createServer();
  return new Promise((resolve, reject) => {
    gate.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    gate.listen(GATE_PORT, '127.0.0.1', () => {
      onTestFinished(() => void gate.close());
      resolve(true);
    });
  });
}
