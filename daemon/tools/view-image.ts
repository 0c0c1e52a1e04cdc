import { resolve } from 'node:path';
import * as v from 'valibot';
import { loadImages } from '../files/load-images.ts';
import { defineTool, type ToolResult } from './define-tool.ts';

/** Shows the model an image of the disk (agent.md §6). What is no image is never read to it. */
export const viewImageTool = defineTool({
  name: 'view_image',
  description: 'Shows you an image file (PNG, JPEG, GIF or WebP) that is on the disk.',
  params: v.object({ path: v.string() }),
  jsonSchema: {
    properties: { path: { type: 'string', description: 'The image file.' } },
    required: ['path'],
  },
  isOffered: ({ model, review }) => model.inputModalities.includes('image') && !review,
  prepare: async (params, { turn }) => ({
    facts: { kind: 'harmless' },
    item: null,
    question: { kind: 'command', command: null, cwd: null, reason: null },
    grantKeys: [],
    run: () => view(resolve(turn.settings.cwd, params.path)),
  }),
});

async function view(path: string): Promise<ToolResult> {
  const image = (await loadImages([{ type: 'localImage', path }])).get(path) ?? { why: 'it was not read' };
  if ('why' in image) return { output: `unable to locate image at \`${path}\`: ${image.why}`, ok: false, item: null };
  return { output: [{ type: 'input_image', image_url: image.url }], ok: true, item: null };
}
