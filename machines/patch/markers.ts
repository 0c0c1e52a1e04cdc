/** The fixed words of the patch grammar (agent.md §8). */
export const markers = {
  begin: '*** Begin Patch',
  end: '*** End Patch',
  environment: '*** Environment ID:',
  add: '*** Add File: ',
  delete: '*** Delete File: ',
  update: '*** Update File: ',
  move: '*** Move to: ',
  endOfFile: '*** End of File',
  chunk: '@@',
  scope: '@@ ',
} as const;

/** Does the line open the next file section, or end the patch? */
export function isSectionStart(line: string): boolean {
  return (
    line === markers.end ||
    line.startsWith(markers.add) ||
    line.startsWith(markers.delete) ||
    line.startsWith(markers.update)
  );
}

/** Does the line open a chunk: a bare `@@`, or one with a scope line? */
export function isChunkStart(line: string): boolean {
  return line === markers.chunk || line.startsWith(markers.scope);
}
