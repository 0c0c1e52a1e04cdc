/** Undefined for what is no JSON: the parser's own message quotes the text, tokens included, and goes no further. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
