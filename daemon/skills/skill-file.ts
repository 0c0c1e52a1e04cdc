import { open } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import { isTable } from '../../machines/config/merge-config.ts';

/** What the head of a SKILL.md says (agent.md §14). */
export interface SkillHead {
  readonly name: string;
  readonly description: string;
  readonly shortDescription: string | null;
}

/** The head stands at the beginning; what follows is for the model. */
const MAX_HEAD_BYTES = 64 * 1024;

/** A skill that cannot be used; the text is one line for its writer. */
export class SkillError extends Error {
  override readonly name = 'SkillError';
}

/** A whole skill stays in every later request of its thread; a longer one is for the model to read in parts. */
const MAX_SKILL_BYTES = 256 * 1024;

/** The whole file; null when it cannot be read or is too long. */
export async function readSkillText(path: string): Promise<string | null> {
  const text = await readStart(path, MAX_SKILL_BYTES + 1).catch(() => null);
  return text === null || Buffer.byteLength(text) > MAX_SKILL_BYTES ? null : text;
}

/** Null: there is no such file. @throws SkillError */
export async function readSkillHead(path: string): Promise<SkillHead | null> {
  const text = await readStart(path, MAX_HEAD_BYTES);
  return text === null ? null : parseSkillHead(text);
}

/** @throws SkillError in the words of the reference */
export function parseSkillHead(text: string): SkillHead {
  const [, head] = /^---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  if (head === undefined) throw new SkillError('missing YAML frontmatter delimited by ---');
  const table = parseYaml(head);
  const metadata = table.metadata;
  return {
    name: required(table, 'name'),
    description: required(table, 'description'),
    shortDescription: isTable(metadata) ? textOf(metadata['short-description']) : null,
  };
}

function parseYaml(head: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parse(head, { maxAliasCount: 0 });
    return isTable(value) ? value : {};
  } catch (error) {
    const why = error instanceof YAMLParseError ? error.message.split('\n')[0] : 'it cannot be read';
    throw new SkillError(`invalid YAML: ${why}`, { cause: error });
  }
}

function required(table: Readonly<Record<string, unknown>>, key: string): string {
  const text = textOf(table[key]);
  if (text === null) throw new SkillError(`missing field \`${key}\``);
  return text;
}

/** One line, as it is listed. */
function textOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value.replace(/\s+/g, ' ').trim() : '';
  return text === '' ? null : text;
}

async function readStart(path: string, maxBytes: number): Promise<string | null> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return null;
  try {
    if (!(await handle.stat()).isFile()) return null;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}
