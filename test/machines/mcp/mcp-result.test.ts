import { describe, expect, test } from 'vitest';
import { mcpTool, readPage } from '../../../machines/mcp/mcp-offer.ts';
import { mcpOutput, shownResult } from '../../../machines/mcp/mcp-result.ts';

const HEAD = 'Wall time: 0.0037 seconds\nOutput:\n';
const output = (answer: object, maxTokens = 1_000, takesImages = true) =>
  mcpOutput({ content: [], ...answer }, 3.7, maxTokens, takesImages);
const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' };

describe('what the model reads about a call', () => {
  test.each([
    [
      'texts, line by line',
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      `${HEAD}a\nb`,
    ],
    [
      'structure in the place of text',
      { content: [{ type: 'text', text: 'a' }], structuredContent: { n: 1 } },
      `${HEAD}{"n":1}`,
    ],
    ['nothing', {}, HEAD],
    [
      'what is not text, as it is',
      { content: [{ type: 'resource_link', uri: 'a://b' }] },
      `${HEAD}{"type":"resource_link","uri":"a://b"}`,
    ],
    [
      'sounds by name',
      { content: [{ type: 'audio', data: 'AAAA', mimeType: 'audio/wav' }] },
      `${HEAD}[audio: audio/wav]`,
    ],
  ])('%s', (_name, answer, expected) => {
    expect(output(answer)).toBe(expected);
  });

  test('pictures as pictures, or by name where the model cannot see', () => {
    const answer = { content: [{ type: 'text', text: 'see' }, image] };
    expect(output(answer)).toEqual([
      { type: 'input_text', text: `${HEAD}see` },
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
    ]);
    expect(output(answer, 1_000, false)).toBe(`${HEAD}see\n[image: image/png]`);
  });

  test('no more than it is to read', () => {
    const long = output({ content: [{ type: 'text', text: 'x'.repeat(1_000) }] }, 10);
    expect(long).toMatch(/^Wall time: .*\nOutput:\nx{20}…240 tokens truncated…x{20}$/);
  });
});

describe('a page of a list', () => {
  test('holds what reads, and says where the next begins', () => {
    const tool = { name: 'a', inputSchema: { type: 'object' }, own: 1 };
    const page = { tools: [tool, { name: 'b' }, null], nextCursor: 'c' };
    expect(readPage(page, 'tools', mcpTool)).toEqual({ items: [tool], nextCursor: 'c' });
  });

  test.each([[null], [{}], [{ tools: 'none', nextCursor: '' }]])('%o is empty', (answer) => {
    expect(readPage(answer, 'tools', mcpTool)).toEqual({ items: [], nextCursor: null });
  });
});

describe('what is kept and shown of a result', () => {
  const picture = (bytes: number) => ({ type: 'image', data: 'A'.repeat(bytes), mimeType: 'image/png' });
  const words = { type: 'text', text: 'a dot' };

  test('is all of it as long as it is small', () => {
    const answer = { content: [words, picture(200_000)], structuredContent: { n: 1 } };
    expect(shownResult(answer)).toEqual({ ...answer, _meta: null });
  });

  test('is the words of a large one, with its pictures by name; the model is given the pictures', () => {
    const answer = {
      content: [words, picture(400_000)],
      structuredContent: { n: 1 },
      _meta: { m: 'M'.repeat(90_000) },
    };
    expect(shownResult(answer)).toEqual({
      content: [{ type: 'text', text: 'a dot\n[image: image/png]' }],
      structuredContent: { n: 1 },
      _meta: null,
    });
    expect(JSON.stringify(output({ content: answer.content }))).toContain('A'.repeat(400_000));
  });

  test.each([
    {
      name: 'texts',
      answer: { content: Array.from({ length: 9_000 }, () => ({ type: 'text', text: 'ä'.repeat(90) })) },
    },
    { name: 'structure', answer: { content: [], structuredContent: { list: 'x'.repeat(900_000) } } },
    {
      name: 'a file',
      answer: { content: [{ type: 'resource', resource: { uri: 'a://b', blob: 'B'.repeat(900_000) } }] },
    },
  ])('has a limit for $name', ({ answer }) => {
    const shown = shownResult(answer);
    expect(JSON.stringify(shown).length).toBeLessThan(256 * 1024);
    expect(JSON.stringify(shown)).toContain('tokens truncated');
  });
});
