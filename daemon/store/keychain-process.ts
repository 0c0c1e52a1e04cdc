/**
 * The small child process in which keytar runs: a native call that hangs or crashes takes this process and not the
 * daemon (libraries.md §2). Answers each request on the channel of its parent and ends with it. findCredentials is
 * never called: it dies on items that other programs wrote.
 */
import * as v from 'valibot';

const service = v.string();
const account = v.string();
export const keychainRequest = v.variant('type', [
  v.object({ type: v.literal('get'), id: v.number(), service, account }),
  v.object({ type: v.literal('set'), id: v.number(), service, account, secret: v.string() }),
  v.object({ type: v.literal('delete'), id: v.number(), service, account }),
]);
export type KeychainRequest = v.InferOutput<typeof keychainRequest>;

/** `value`: the secret for get, whether there was one for delete, null otherwise. */
export const keychainReply = v.union([
  v.object({ id: v.number(), value: v.union([v.string(), v.boolean(), v.null()]) }),
  v.object({ id: v.number(), error: v.string() }),
]);
export type KeychainReply = v.InferOutput<typeof keychainReply>;

interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

/** Shown by `doctor` and status when the optional module did not come with the installation. */
export const MISSING_KEYTAR = 'the optional module keytar is not installed, so the system keyring cannot be used';

function isKeytar(value: unknown): value is Keytar {
  const names = ['getPassword', 'setPassword', 'deletePassword'] as const;
  return typeof value === 'object' && value !== null && names.every((name) => name in value);
}

async function loadKeytar(): Promise<Keytar> {
  // Not a literal: the bundler and the type check must leave the optional module alone.
  const name = 'keytar' as string;
  const loaded: unknown = await import(name).catch((error: unknown) => {
    throw new Error(MISSING_KEYTAR, { cause: error });
  });
  const module: unknown =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded;
  if (!isKeytar(module)) throw new Error('the module keytar has not the functions that are needed');
  return module;
}

async function perform(request: KeychainRequest): Promise<string | boolean | null> {
  const keytar = await loadKeytar();
  switch (request.type) {
    case 'get':
      return keytar.getPassword(request.service, request.account);
    case 'set':
      await keytar.setPassword(request.service, request.account, request.secret);
      return null;
    case 'delete':
      return keytar.deletePassword(request.service, request.account);
    default:
      return request satisfies never;
  }
}

/** Serves the parent process until its channel closes. */
export function serveKeychain(channel: NodeJS.Process): void {
  const reply = (answer: KeychainReply): void => void channel.send?.(answer);
  channel.on('message', (message) => {
    const request = v.safeParse(keychainRequest, message);
    if (!request.success) return;
    const { id } = request.output;
    perform(request.output).then(
      (value) => reply({ id, value }),
      (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  channel.on('disconnect', () => channel.exit(0));
}

// Only when forked with this mark: importing this file for its schemas starts nothing.
if (process.env.CODEX_KEYCHAIN_PROCESS === '1' && process.channel) serveKeychain(process);
