import { RpcError } from '../../machines/core/errors.ts';
import { requireAbsolute } from '../absolute-path.ts';
import { decodeBase64 } from '../base64.ts';
import { Files } from '../files/files.ts';
import { allowedPath } from '../files/refused-paths.ts';
import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';

type FsMethods =
  | 'fs/readFile'
  | 'fs/writeFile'
  | 'fs/createDirectory'
  | 'fs/getMetadata'
  | 'fs/readDirectory'
  | 'fs/remove'
  | 'fs/copy'
  | 'fs/watch'
  | 'fs/unwatch';

/** Files for clients that run elsewhere (protocol.md §9.3). */
export function fsHandlers({ tools, belongings }: HandlerDeps): Pick<Handlers, FsMethods> {
  const files = new Files(() => tools.hidden);
  return {
    'fs/readFile': async ({ path }) => ({ dataBase64: (await files.read(requireAbsolute(path))).toString('base64') }),
    'fs/writeFile': async ({ path, dataBase64 }) => {
      const decoded = decodeBase64(dataBase64);
      if ('problem' in decoded) {
        throw new RpcError('invalidRequest', `fs/writeFile requires valid base64 dataBase64: ${decoded.problem}`);
      }
      await files.write(requireAbsolute(path), decoded.bytes);
      return {};
    },
    'fs/createDirectory': async ({ path, recursive }) => {
      await files.createFolder(requireAbsolute(path), recursive ?? true);
      return {};
    },
    'fs/getMetadata': ({ path }) => files.metadata(requireAbsolute(path)),
    'fs/readDirectory': async ({ path }) => ({ entries: await files.entries(requireAbsolute(path)) }),
    'fs/remove': async ({ path, force, recursive }) => {
      await files.remove(requireAbsolute(path), { force: force ?? true, recursive: recursive ?? true });
      return {};
    },
    'fs/copy': async ({ sourcePath, destinationPath, recursive }) => {
      await files.copy(requireAbsolute(sourcePath), requireAbsolute(destinationPath), recursive ?? false);
      return {};
    },
    'fs/watch': async ({ path, watchId }, { connection }) => {
      const watched = requireAbsolute(path);
      await allowedPath(watched, tools.hidden);
      await belongings.watches.add(connection, watchId, watched);
      // The client may have left in the meantime.
      if (!connection.isInitialized) belongings.watches.endFor(connection);
      return { path: watched };
    },
    'fs/unwatch': ({ watchId }, { connection }) => {
      belongings.watches.remove(connection, watchId);
      return {};
    },
  };
}
