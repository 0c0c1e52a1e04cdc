import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../machines/core/errors.ts';
import { foldersDown, isMissing } from './project.ts';

/** Bytes of all project files together when the configuration says nothing (agent.md §13). */
export const DEFAULT_DOC_MAX_BYTES = 32_768;
/** Bytes of the user's own file. It is not counted in the limit above, but nothing is read without end. */
const GLOBAL_MAX_BYTES = 1_048_576;

const OWN_NAMES = ['AGENTS.override.md', 'AGENTS.md'] as const;
const SEPARATOR = '\n\n--- project-doc ---\n\n';

export interface AgentsMdRequest {
  readonly home: string;
  readonly cwd: string;
  /** Nearest folder with a root marker; null: only `cwd` is looked at. */
  readonly projectRoot: string | null;
  readonly maxBytes?: number | undefined;
  readonly fallbackNames?: readonly string[] | undefined;
}

export interface AgentsMd {
  /** All files joined; null when there is nothing to say. */
  readonly text: string | null;
  /** Absolute paths of what `text` holds, in its order. */
  readonly files: readonly string[];
  /** One line for each file that was cut or could not be read. */
  readonly warnings: readonly string[];
}

interface Found {
  readonly file: string;
  readonly text: string;
  readonly bytes: number;
}

/**
 * The user's and the project's AGENTS.md files as one text (agent.md §14). The byte limit counts project files only
 * and cuts the last one; needs no trust, since it is words and not settings.
 */
export async function loadAgentsMd(request: AgentsMdRequest): Promise<AgentsMd> {
  const warnings: string[] = [];
  const own = await firstFile(request.home, OWN_NAMES, GLOBAL_MAX_BYTES, warnings, isNotBlank);
  const project = await projectFiles(request, warnings);

  const ownText = own ? own.text.trim() : '';
  const projectText = project.map((found) => found.text).join('\n\n');
  const text = [ownText, projectText].filter((part) => part !== '').join(SEPARATOR);
  return {
    text: text === '' ? null : text,
    files: [...(own ? [own] : []), ...project].map((found) => found.file),
    warnings,
  };
}

async function projectFiles(request: AgentsMdRequest, warnings: string[]): Promise<readonly Found[]> {
  const { cwd, projectRoot, maxBytes = DEFAULT_DOC_MAX_BYTES, fallbackNames = [] } = request;
  const names = [...OWN_NAMES, ...fallbackNames.filter(isPlainName)];
  const found: Found[] = [];
  let left = maxBytes;
  for (const folder of foldersDown(projectRoot, cwd)) {
    if (left <= 0) break;
    const file = await firstFile(folder, names, left, warnings, () => true);
    if (!file) continue;
    left -= file.bytes;
    if (isNotBlank(file.text)) found.push(file);
  }
  return found;
}

/** The first of `names` that is a file here and has a text that `isWanted`. */
async function firstFile(
  folder: string,
  names: readonly string[],
  maxBytes: number,
  warnings: string[],
  isWanted: (text: string) => boolean,
): Promise<Found | null> {
  for (const name of names) {
    const found = await readUpTo(join(folder, name), maxBytes, warnings);
    if (found && isWanted(found.text)) return found;
  }
  return null;
}

// Only regular files: reading a pipe that lies in a repository would wait for ever.
async function readUpTo(file: string, maxBytes: number, warnings: string[]): Promise<Found | null> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) return null;
    const bytes = await readStart(file, Math.min(stats.size, maxBytes));
    if (stats.size > maxBytes) warnings.push(`${file} is cut after ${maxBytes} bytes (project_doc_max_bytes).`);
    return { file, text: decode(bytes), bytes: bytes.length };
  } catch (error) {
    if (!isMissing(error)) warnings.push(`${file} cannot be read: ${messageOf(error)}`);
    return null;
  }
}

async function readStart(file: string, length: number): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await handle.read(buffer, 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

// `stream` holds back a character that the cut went through; other bytes that are no UTF-8 become U+FFFD.
function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes, { stream: true });
}

function isNotBlank(text: string): boolean {
  return text.trim() !== '';
}

// A fallback name is a file of the folder itself, never a way out of it.
function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}
