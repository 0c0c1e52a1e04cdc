import { ftruncateSync, writeSync } from 'node:fs';

/**
 * Adds bytes to the end of a file, all or nothing: what a full disk cut short is taken back.
 * @param size the file's length before
 * @returns its length then @throws what `write` throws
 */
export function appendWhole(fd: number, bytes: Uint8Array, size: number): number {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(fd, bytes, done);
  } catch (error) {
    if (done > 0) ftruncateSync(fd, size);
    throw error;
  }
  return size + bytes.length;
}
