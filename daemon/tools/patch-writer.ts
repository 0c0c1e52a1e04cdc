/** A program of its own that runs inside the sandbox: file operations as JSON on stdin, a reason on stderr if it fails. */
import { text } from 'node:stream/consumers';
import { messageOf } from '../../machines/core/errors.ts';
import type { FileOperation } from '../../machines/patch/file-operations.ts';
import { performOperations } from './patch-files.ts';

async function main(): Promise<void> {
  // Only the daemon starts this program, with operations that it planned itself.
  await performOperations(JSON.parse(await text(process.stdin)) as FileOperation[]);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
