const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;

/** Strictly: Node's own decoder skips what it does not know. @returns the bytes, or what is wrong, in one line */
export function decodeBase64(text: string): { readonly bytes: Buffer } | { readonly problem: string } {
  if (!ALPHABET.test(text)) {
    const offset = text.search(/[^A-Za-z0-9+/]/);
    return { problem: `Invalid symbol ${text.charCodeAt(offset)}, offset ${offset}.` };
  }
  return text.length % 4 === 0 ? { bytes: Buffer.from(text, 'base64') } : { problem: 'Invalid padding' };
}
