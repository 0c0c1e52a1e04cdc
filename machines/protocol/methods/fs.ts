import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/**
 * Files of the daemon's machine for clients that run elsewhere (protocol.md §9.3). Paths are absolute. The stored
 * sign-in and the daemon's folder are refused, also through links.
 */

const path = v.string();
const errors = ['invalidParams', 'invalidRequest', 'pathRefused', 'tooLarge', 'fileSystem'] as const;

/** The whole of a regular file, at most 16 MiB. */
export const fsReadFile = defineRequest({
  method: 'fs/readFile',
  params: v.object({ path }),
  result: v.object({ dataBase64: v.string() }),
  errors,
});

/** Makes or overwrites a file; its folder has to be there. */
export const fsWriteFile = defineRequest({
  method: 'fs/writeFile',
  params: v.object({ path, dataBase64: v.string() }),
  result: v.object({}),
  errors,
  mutates: true,
});

/** Missing folders above are made too, unless `recursive` is false. */
export const fsCreateDirectory = defineRequest({
  method: 'fs/createDirectory',
  params: v.object({ path, recursive: v.nullish(v.boolean()) }),
  result: v.object({}),
  errors,
  mutates: true,
});

/** Of what a link leads to; `isSymlink` tells that it was one. Times in milliseconds, 0 where they are not known. */
export const fsGetMetadata = defineRequest({
  method: 'fs/getMetadata',
  params: v.object({ path }),
  result: v.object({
    isDirectory: v.boolean(),
    isFile: v.boolean(),
    isSymlink: v.boolean(),
    createdAtMs: v.number(),
    modifiedAtMs: v.number(),
  }),
  errors,
});

/** Sorted by name; links that lead nowhere are left out. */
export const fsReadDirectory = defineRequest({
  method: 'fs/readDirectory',
  params: v.object({ path }),
  result: v.object({
    entries: v.array(v.object({ fileName: v.string(), isDirectory: v.boolean(), isFile: v.boolean() })),
  }),
  errors,
});

/** What is not there is no error, unless `force` is false; a folder goes with all it holds, unless `recursive` is. */
export const fsRemove = defineRequest({
  method: 'fs/remove',
  params: v.object({ path, force: v.nullish(v.boolean()), recursive: v.nullish(v.boolean()) }),
  result: v.object({}),
  errors,
  mutates: true,
});

/** Links are copied as links. */
export const fsCopy = defineRequest({
  method: 'fs/copy',
  params: v.object({ sourcePath: path, destinationPath: path, recursive: v.nullish(v.boolean()) }),
  result: v.object({}),
  errors,
  mutates: true,
});

/** Watches a file, or the entries of a folder, also one that is not there yet. It ends with the connection. */
export const fsWatch = defineRequest({
  method: 'fs/watch',
  params: v.object({ path, watchId: v.string() }),
  result: v.object({ path }),
  errors: [...errors, 'limitReached'],
});

export const fsUnwatch = defineRequest({
  method: 'fs/unwatch',
  params: v.object({ watchId: v.string() }),
  result: v.object({}),
});

/** Only for the connection that watches; changes close to each other come together. */
export const fsChanged = defineNotification({
  method: 'fs/changed',
  params: v.object({ watchId: v.string(), changedPaths: v.array(v.string()) }),
});
