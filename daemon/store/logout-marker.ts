import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import * as v from 'valibot';
import type { AuthServer } from '../../machines/auth/auth-server.ts';
import type { Unfinished } from '../../machines/auth/auth-types.ts';
import { type Credentials, revocableToken } from '../../machines/auth/credentials.ts';
import { parseJson } from '../../machines/auth/parse-json.ts';
import { withoutPasswords } from '../../machines/core/proxy.ts';
import { codeOf, eraseLeftovers } from './auth-file.ts';
import { replaceFile } from './replace-file.ts';

/** What is on the disk about a logout that goes on: no secret, only which token by its hash, and how far. */
const text = v.string();
const marker = v.object({
  token: text,
  step: v.picklist(['intended', 'revoked']),
  server: v.object({
    issuer: text,
    refreshUrl: text,
    revokeUrl: text,
    clientId: text,
    originator: text,
    userAgent: text,
    proxy: v.fallback(
      v.nullable(v.object({ http: v.nullable(text), https: v.nullable(text), exceptions: text })),
      null,
    ),
  }),
});

/** The note of a logout, written before the revocation and after it, so that the next start can finish (auth.md §7). */
export interface LogoutMarker {
  /** The logout of just these credentials that was cut short; a note about any other is removed. */
  read(credentials: Credentials | null): Promise<Unfinished | null>;
  write(step: Unfinished['step'], token: string, server: AuthServer): Promise<void>;
  clear(): Promise<void>;
}

/** @param path of the note, in a folder of ours */
export function createLogoutMarker(path: string): LogoutMarker {
  let isTidy = false;
  const clear = async (): Promise<void> => {
    await rm(path, { force: true });
    await eraseLeftovers(path);
  };
  return {
    clear,
    write: (step, token, server) =>
      replaceFile(path, JSON.stringify({ token: hashOf(token), step, server: withoutSecrets(server) }), {
        mode: 0o600,
      }),
    read: async (credentials) => {
      const written = await readFile(path, 'utf8').catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      });
      // A crash while it was written left half a note, which says nothing.
      if (written === null && !isTidy) await eraseLeftovers(path);
      isTidy = true;
      if (written === null) return null;
      const parsed = v.safeParse(marker, parseJson(written));
      const token = revocableToken(credentials)?.token;
      if (parsed.success && token !== undefined && parsed.output.token === hashOf(token)) return parsed.output;
      await clear();
      return null;
    },
  };
}

const withoutSecrets = (server: AuthServer): AuthServer => ({
  ...server,
  proxy: server.proxy && withoutPasswords(server.proxy),
});

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
