import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { parseJson } from '../../machines/auth/parse-json.ts';
import { type ConfigTable, isTable } from '../../machines/config/merge-config.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { type McpSignIn, mcpSignIn } from '../../machines/mcp/mcp-sign-in.ts';
import { codeOf, eraseLeftovers } from './auth-file.ts';
import { createFileLock, type WithAuthLock } from './auth-lock.ts';
import { replaceFile } from './replace-file.ts';

/** A server as sign-ins are kept for it: another address is another server. */
export interface McpAddress {
  readonly name: string;
  readonly url: string;
}

/** The file that the reference keeps sign-ins at MCP servers in. */
export const mcpCredentialsPath = (home: string): string => join(home, '.credentials.json');

const file = v.pipe(v.custom<ConfigTable>(isTable), v.record(v.string(), v.unknown()));

/**
 * The sign-ins at MCP servers, one entry each in a file that the reference uses too: entries and members that we do
 * not know stay as they are. Failures are RpcErrors whose text quotes nothing of what is stored.
 */
export class McpCredentials {
  readonly path: string;
  private readonly withFile: WithAuthLock;
  private readonly locks = new Map<string, WithAuthLock>();

  constructor(home: string) {
    this.path = mcpCredentialsPath(home);
    this.withFile = createFileLock(this.path, 'write');
  }

  /** Null: nobody is signed in there. @throws RpcError authUnreadable */
  async read(server: McpAddress): Promise<McpSignIn | null> {
    const stored = v.safeParse(mcpSignIn, (await this.entries())[keyOf(server)]);
    return stored.success ? stored.output : null;
  }

  /** Puts a sign-in in the place of what is there for its server. */
  write(server: McpAddress, signIn: McpSignIn): Promise<void> {
    return this.change((entries) => {
      const before = entries[keyOf(server)];
      const kept = typeof before === 'object' && before !== null ? before : {};
      return { ...entries, [keyOf(server)]: { ...kept, ...signIn } };
    });
  }

  /** Removes it, with what a crash while writing left beside the file. */
  async erase(server: McpAddress): Promise<void> {
    await this.change(({ [keyOf(server)]: _, ...rest }) => rest);
    await this.withFile(() => eraseLeftovers(this.path));
  }

  /** Runs something while no other program that shares the home spends or ends this server's tokens. */
  alone<T>(server: McpAddress, run: () => Promise<T>): Promise<T> {
    const key = keyOf(server);
    const known = this.locks.get(key) ?? createFileLock(this.path, `${hashOf(key)}.refresh`);
    this.locks.set(key, known);
    return known(run);
  }

  private change(edit: (entries: v.InferOutput<typeof file>) => v.InferOutput<typeof file>): Promise<void> {
    return this.withFile(async () => {
      const text = JSON.stringify(edit(await this.entries()));
      await replaceFile(this.path, text, { mode: 0o600 }).catch((error: unknown) => {
        throw new RpcError('internal', `${this.path} could not be written: ${codeOf(error)}`, { cause: error });
      });
    });
  }

  private async entries(): Promise<v.InferOutput<typeof file>> {
    const text = await readFile(this.path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '{}';
      throw this.unreadable(codeOf(error), error);
    });
    const parsed = v.safeParse(file, parseJson(text));
    if (!parsed.success) throw this.unreadable('it is not what it should be');
    return parsed.output;
  }

  private unreadable(why: string, cause?: unknown): RpcError {
    return new RpcError('authUnreadable', `${this.path} cannot be used: ${why}`, { cause });
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The reference's own key, so that both programs find each other's entries. */
function keyOf({ name, url }: McpAddress): string {
  return `${name}|${hashOf(JSON.stringify({ type: 'http', url, headers: {} }))}`;
}
