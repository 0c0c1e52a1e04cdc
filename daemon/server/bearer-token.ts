import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Shorter ones could be guessed. */
const MIN_CHARACTERS = 16;
const TOKEN_BYTES = 32;
const NAME_START = 'listener-token-';

/** What a listener keeps of its token. */
export type TokenDigest = Buffer;

const digestOf = (token: string): TokenDigest => createHash('sha256').update(token).digest();

/** @param path absolute. @throws when the file is not the user's alone, or holds no fit token */
export function readTokenFile(path: string): TokenDigest {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error(`there is no token file ${path}`);
  if (process.getuid && stat.uid !== process.getuid()) throw new Error(`${path} belongs to another user`);
  if (stat.mode & 0o077) throw new Error(`others may read ${path}; run \`chmod 600 ${path}\``);
  const token = readFileSync(path, 'utf8').trim();
  if (token.length < MIN_CHARACTERS)
    throw new Error(`the token in ${path} is shorter than ${MIN_CHARACTERS} characters`);
  return digestOf(token);
}

/** Makes a token in a new file of mode 0600. */
export function createTokenFile(folder: string): { readonly path: string; readonly digest: TokenDigest } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${NAME_START}${randomBytes(6).toString('hex')}`);
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return { path, digest: digestOf(token) };
}

/** Removes the tokens that a killed daemon made: their listeners went with it. */
export function sweepTokens(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(NAME_START)) unlinkSync(join(folder, name));
}

/** Whether an `Authorization` header carries the token; takes as long for a near miss as for any other. */
export function isBearer(header: string | undefined, digest: TokenDigest): boolean {
  const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  return token !== undefined && timingSafeEqual(digestOf(token), digest);
}
