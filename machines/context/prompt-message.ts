import { type MessageItem, textMessage } from '../model/response-item.ts';
import { textOf } from '../protocol/prompt-text.ts';
import type { UserInput } from '../protocol/types/item.ts';

/** A file of a prompt: as a `data:` URL, or why it could not be taken. */
export type LoadedImage = { readonly url: string } | { readonly why: string };

/** The files of a prompt by their path. */
export type LoadedImages = ReadonlyMap<string, LoadedImage>;

/** What the model is sent of a prompt. @param images each `localImage` of the input */
export function promptMessage(input: readonly UserInput[], images: LoadedImages): MessageItem {
  if (input.every(({ type }) => type === 'text')) return textMessage('user', textOf(input));
  let count = 0;
  const content = input.flatMap((part) => {
    if (part.type === 'text') return [words(part.text)];
    count += 1;
    if (part.type === 'image') return imageParts(`[Image #${count}]`, part.url);
    const image = images.get(part.path) ?? { why: 'it was not read' };
    if ('why' in image) return [words(`The image ${part.path} could not be attached: ${image.why}.`)];
    return imageParts(`[Image #${count}] path="${part.path}"`, image.url);
  });
  return { type: 'message', role: 'user', content };
}

const words = (text: string) => ({ type: 'input_text', text });

/** An image between two tags, so that the words of the prompt can name it (agent.md §2.2). */
function imageParts(name: string, url: string) {
  return [words(`<image name=${name}>`), { type: 'input_image', image_url: url, detail: 'high' }, words('</image>')];
}
