/**
 * What the exit status of every command means.
 *
 * - `ok` 0: done; for `exec`, the turn completed (failed tool calls do not matter)
 * - `failed` 1: the turn failed or was interrupted (also by SIGINT, as in the reference, agent.md §11), a wrong
 *   configuration or input, no daemon to be had; `login status`: nobody is signed in
 * - `usage` 2: the command line was wrong
 * - `notRunning` 3: `daemon status` found no daemon (as `systemctl status` does)
 * - `notFound` 4: `wait`, `why`, `approvals`: there is no such thread or question
 * - `turnFailed` 5: `wait --for done`: the turn failed or was interrupted
 * - `cannotCome` 6: `wait --for approval`: no turn runs, so no question can come
 * - `timedOut` 124: `wait` ran out of its time (as `timeout` does)
 * - `interrupted` 130: SIGINT during anything else, such as `daemon logs -f`
 *
 * SIGTERM and SIGHUP have no number here: the process dies by the signal after it has asked the daemon to interrupt.
 */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  notFound: 4,
  turnFailed: 5,
  cannotCome: 6,
  timedOut: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
