/** What clients do with the daemon's machine, its files and commands: a part of the tables in `index.ts`. */
import { byMethod, type ParamsOf } from './define.ts';
import {
  commandExec,
  commandExecOutputDelta,
  commandExecResize,
  commandExecTerminate,
  commandExecWrite,
  processExited,
  processKill,
  processOutputDelta,
  processResizePty,
  processSpawn,
  processWriteStdin,
} from './methods/command-exec.ts';
import { feedbackSave, serverDiagnostics } from './methods/diagnostics.ts';
import {
  fuzzyFileSearch,
  fuzzyFileSearchSessionCompleted,
  fuzzyFileSearchSessionStart,
  fuzzyFileSearchSessionStop,
  fuzzyFileSearchSessionUpdate,
  fuzzyFileSearchSessionUpdated,
} from './methods/file-search.ts';
import {
  fsChanged,
  fsCopy,
  fsCreateDirectory,
  fsGetMetadata,
  fsReadDirectory,
  fsReadFile,
  fsRemove,
  fsUnwatch,
  fsWatch,
  fsWriteFile,
} from './methods/fs.ts';
import { mcpServerRequests } from './methods/mcp-server.ts';
import { skillsConfigWrite, skillsExtraRootsSet, skillsList } from './methods/skills.ts';

export const machineRequests = [
  skillsList,
  skillsConfigWrite,
  skillsExtraRootsSet,
  commandExec,
  commandExecWrite,
  commandExecTerminate,
  commandExecResize,
  processSpawn,
  processWriteStdin,
  processKill,
  processResizePty,
  fsReadFile,
  fsWriteFile,
  fsCreateDirectory,
  fsGetMetadata,
  fsReadDirectory,
  fsRemove,
  fsCopy,
  fsWatch,
  fsUnwatch,
  fuzzyFileSearch,
  fuzzyFileSearchSessionStart,
  fuzzyFileSearchSessionUpdate,
  fuzzyFileSearchSessionStop,
  serverDiagnostics,
  feedbackSave,
  ...mcpServerRequests,
];

/** Notifications of what one connection started itself: nobody else hears them. */
export const privateNotifications = byMethod([
  commandExecOutputDelta,
  processOutputDelta,
  processExited,
  fsChanged,
  fuzzyFileSearchSessionUpdated,
  fuzzyFileSearchSessionCompleted,
]);
export type PrivateMethod = keyof typeof privateNotifications;
export type PrivateNotification = {
  [M in PrivateMethod]: { readonly method: M; readonly params: ParamsOf<(typeof privateNotifications)[M]> };
}[PrivateMethod];
