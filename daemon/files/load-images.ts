import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { LoadedImage, LoadedImages } from '../../machines/context/prompt-message.ts';
import { messageOf } from '../../machines/core/errors.ts';
import type { UserInput } from '../../machines/protocol/types/item.ts';

/** An image is in every later request of its thread. */
const MAX_IMAGE_BYTES = 20 * 1024 * 1024;

/** How files of each kind begin, in hex. */
const SIGNATURES: readonly (readonly [mime: string, begins: RegExp])[] = [
  ['image/png', /^89504e470d0a1a0a/],
  ['image/jpeg', /^ffd8ff/],
  ['image/gif', /^47494638(37|39)61/],
  ['image/webp', /^52494646.{8}57454250/],
];

/** The files of a prompt by their path. One that is no image does not stop the prompt: the model is told why. */
export async function loadImages(input: readonly UserInput[]): Promise<LoadedImages> {
  const paths = new Set(input.flatMap((part) => (part.type === 'localImage' ? [part.path] : [])));
  return new Map(await Promise.all([...paths].map(async (path) => [path, await loadImage(path)] as const)));
}

async function loadImage(path: string): Promise<LoadedImage> {
  try {
    const bytes = await readSmallFile(path);
    const head = bytes.subarray(0, 16).toString('hex');
    const mime = SIGNATURES.find(([, begins]) => begins.test(head))?.[0];
    if (mime === undefined) return { why: 'it is no PNG, JPEG, GIF or WebP file' };
    return { url: `data:${mime};base64,${bytes.toString('base64')}` };
  } catch (error) {
    return { why: messageOf(error) };
  }
}

/** Opened without waiting: a pipe without a writer would hold up the turn for ever. */
async function readSmallFile(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is not a file');
    if (stats.size > MAX_IMAGE_BYTES) throw new Error(`it has more than ${MAX_IMAGE_BYTES / 1024 / 1024} MiB`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
