import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { McpCredentials } from '../../../daemon/store/mcp-credentials.ts';
import type { McpSignIn } from '../../../machines/mcp/mcp-sign-in.ts';

let home: string;
let path: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mcp-credentials-'));
  path = join(home, '.credentials.json');
});

afterEach(async () => rm(home, { recursive: true, force: true }));

const box = { name: 'box', url: 'https://box.test/mcp' };
const signInAt = ({ name, url }: typeof box, access_token: string): McpSignIn => ({
  server_name: name,
  server_url: url,
  client_id: 'client-1',
  access_token,
});

/** The key that the reference gave this very entry (protocol.md §8). */
const SEEN = { name: 'box', url: 'http://127.0.0.1:45295/mcp', key: 'box|be805fbf4a6b6b2b' };

test('entries lie under the key of the reference, in a file that only the user reads', async () => {
  const credentials = new McpCredentials(home);
  expect(await credentials.read(SEEN)).toBeNull();
  await credentials.write(SEEN, signInAt(SEEN, 'a'));
  expect(Object.keys(JSON.parse(await readFile(path, 'utf8')))).toEqual([SEEN.key]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await credentials.read({ ...SEEN, url: `${SEEN.url}/` })).toBeNull();
});

test('what is not known stays: other entries, and members of an entry', async () => {
  const file = { other: 'theirs', [SEEN.key]: { ...signInAt(SEEN, 'a'), theirs: [1] } };
  await writeFile(path, JSON.stringify(file));
  const credentials = new McpCredentials(home);
  await credentials.write(SEEN, signInAt(SEEN, 'b'));
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    other: 'theirs',
    [SEEN.key]: { ...signInAt(SEEN, 'b'), theirs: [1] },
  });
  await credentials.erase(SEEN);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ other: 'theirs' });
});

test('two that write at once lose nothing, and leave no lock behind, also within a lock of their own', async () => {
  const both = [new McpCredentials(home), new McpCredentials(home)];
  const servers = Array.from({ length: 6 }, (_, index) => ({ ...box, name: `box-${index}` }));
  await Promise.all(
    servers.map(async (server, index) => {
      const credentials = both[index % 2] ?? new McpCredentials(home);
      await credentials.alone(server, () => credentials.write(server, signInAt(server, `token-${index}`)));
    }),
  );
  const kept = await Promise.all(servers.map((server) => new McpCredentials(home).read(server)));
  expect(kept.map((signIn) => signIn?.access_token)).toEqual(servers.map((_, index) => `token-${index}`));
  expect(await readdir(home)).toEqual(['.credentials.json']);
});

test('for one server only one works at a time', async () => {
  const [first, second] = [new McpCredentials(home), new McpCredentials(home)];
  const steps: string[] = [];
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isIn = (): void => {};
  const entered = new Promise<void>((resolve) => {
    isIn = resolve;
  });
  const working = first.alone(box, async () => {
    isIn();
    await held;
    steps.push('first');
  });
  await entered;
  const waiting = second.alone(box, async () => void steps.push('second'));
  await second.alone({ ...box, name: 'other' }, async () => void steps.push('other'));
  letGo();
  await Promise.all([working, waiting]);
  expect(steps).toEqual(['other', 'first', 'second']);
});

test.each(['["SECRET"', '[]', '"SECRET"'])(
  'a file that holds %s is an error, and is not quoted or changed',
  async (text) => {
    await writeFile(path, text);
    const credentials = new McpCredentials(home);
    const unreadable = { errorName: 'authUnreadable', message: `${path} cannot be used: it is not what it should be` };
    await expect(credentials.read(box)).rejects.toMatchObject(unreadable);
    await expect(credentials.write(box, signInAt(box, 'a'))).rejects.toMatchObject(unreadable);
    await expect(credentials.erase(box)).rejects.toMatchObject(unreadable);
    expect(await readFile(path, 'utf8')).toBe(text);
  },
);
