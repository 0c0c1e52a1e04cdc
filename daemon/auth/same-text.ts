import { timingSafeEqual } from 'node:crypto';

/** Compares two texts in a time that does not tell how far they are alike. */
export function isSameText(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
