import type { ClientTag } from '../../machines/protocol/types/item.ts';

/** Where the person sits: this process and its terminal. The ids of connections begin anew with every daemon. */
export interface Seat {
  readonly pid: number;
  /** Such as `/dev/pts/3`, or null. */
  readonly terminal: string | null;
}

/** Whether something came from here. What an earlier program in the same terminal did was the same person's doing. */
export function isFromHere({ pid, terminal }: Seat, from: ClientTag): boolean {
  return terminal === null || from.terminal === null ? from.pid === pid : from.terminal === terminal;
}
