/** An event larger than this is not from a Responses server; it is dropped rather than kept in memory. */
const MAX_EVENT_CHARS = 32 * 1024 * 1024;

/**
 * The `data` of each server-sent event, as the HTML standard cuts them: any line ending, several data lines joined,
 * comments and other fields skipped. A last event without its blank line is given too. Throws what `chunks` throws.
 */
export async function* readSse(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const parser = createSseParser();
  for await (const chunk of chunks) yield* parser.push(decoder.decode(chunk, { stream: true }));
  yield* parser.push(`${decoder.decode()}\n\n`);
}

interface SseParser {
  readonly push: (text: string) => string[];
}

function createSseParser(): SseParser {
  let rest = '';
  let data: string[] = [];
  let size = 0;

  function takeLine(line: string, events: string[]): void {
    if (line === '') {
      if (data.length > 0 && size <= MAX_EVENT_CHARS) events.push(data.join('\n'));
      data = [];
      size = 0;
    } else if (line.startsWith('data')) {
      const value = fieldValue(line, 'data');
      if (value === null) return;
      size += value.length;
      if (size <= MAX_EVENT_CHARS) data.push(value);
    }
  }

  return {
    push(text) {
      const events: string[] = [];
      // A carriage return at the very end may be the first half of CRLF: it waits for the next chunk.
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      if (rest.length > MAX_EVENT_CHARS) rest = '';
      for (const line of lines) takeLine(line, events);
      return events;
    },
  };
}

/** `data: x` and `data:x` are both `x`; a field of another name that only begins alike is none. */
function fieldValue(line: string, field: string): string | null {
  if (line === field) return '';
  if (!line.startsWith(`${field}:`)) return null;
  return line.slice(line.startsWith(`${field}: `) ? field.length + 2 : field.length + 1);
}
