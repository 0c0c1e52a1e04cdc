import fuzzysort from 'fuzzysort';

/** The paths below one root, made ready to be searched; they come as bytes with a NUL behind each. */
export class PathList {
  readonly prepared: ReturnType<typeof fuzzysort.prepare>[] = [];
  readonly #folders = new Set<string>();
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #rest = '';

  constructor(readonly root: string) {}

  push(bytes: Uint8Array): void {
    const parts = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\0');
    this.#rest = parts.pop() ?? '';
    for (const path of parts) this.#add(path);
  }

  #add(path: string): void {
    this.prepared.push(fuzzysort.prepare(path));
    // Only files are listed: their folders are found from them. They end with a slash here.
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end + 1);
      if (this.#folders.has(folder)) return;
      this.#folders.add(folder);
      this.prepared.push(fuzzysort.prepare(folder));
    }
  }
}
