import { isAbsolute, normalize } from 'node:path';
import { RpcError } from '../machines/core/errors.ts';

/** A path as a client named it, normalised. @throws RpcError invalidParams for a relative one */
export function requireAbsolute(path: string): string {
  if (isAbsolute(path) && !path.includes('\0')) return normalize(path).replace(/(?<=.)\/+$/, '');
  // The reference's words, and what to do.
  throw new RpcError(
    'invalidParams',
    `Invalid request: AbsolutePathBuf deserialized without a base path: ${JSON.stringify(path)} must start with /`,
  );
}
