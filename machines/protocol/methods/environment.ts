import * as v from 'valibot';
import { defineRequest } from '../define.ts';

/** Ours: what the commands of this client's turns on a thread run in (DESIGN §3). Names of variables, never values. */
export const environmentRead = defineRequest({
  method: 'environment/read',
  params: v.object({ threadId: v.string() }),
  result: v.object({
    /** False: this client told nothing of its own, so it gets plain surroundings of the daemon's machine. */
    isOwn: v.boolean(),
    cwd: v.string(),
    shell: v.string(),
    /** File mode mask, such as 0o022. */
    umask: v.number(),
    /** What commands are given of the client's variables, sorted. */
    variables: v.array(v.string()),
    /** What `shell_environment_policy` and the keys of providers keep from them, sorted. */
    withheld: v.array(v.string()),
  }),
  errors: ['threadNotFound', 'configInvalid'],
});
export type TurnEnvironment = v.InferOutput<typeof environmentRead.result>;
