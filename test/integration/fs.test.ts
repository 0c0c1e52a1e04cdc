import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  fsChanged,
  fsCopy,
  fsCreateDirectory,
  fsGetMetadata,
  fsReadDirectory,
  fsReadFile,
  fsRemove,
  fsUnwatch,
  fsWatch,
  fsWriteFile,
} from '../../machines/protocol/methods/fs.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { startScene } from '../support/scene.ts';
import { until } from '../support/start-daemon.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.each([
  { kind: 'ours', options: {} },
  { kind: 'the reference', options: { isOurs: false, encoding: 'json' } },
] as const)('files, for a client of $kind', ({ options }) => {
  test('are written, read, listed, copied and removed', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const at = (...names: string[]) => join(scene.temp.workspace, ...names);
    symlinkSync('a.txt', at('link'));
    symlinkSync('nowhere', at('dangling'));

    await client.request(fsCreateDirectory, { path: at('one/two') });
    await client.request(fsWriteFile, { path: at('a.txt'), dataBase64: base64('long text') });
    await client.request(fsWriteFile, { path: at('a.txt'), dataBase64: base64('ä') });
    await client.request(fsCopy, { sourcePath: at('a.txt'), destinationPath: at('one/b.txt') });
    await client.request(fsCopy, { sourcePath: at('one'), destinationPath: at('copy'), recursive: true });
    await client.request(fsCopy, { sourcePath: at('link'), destinationPath: at('link2') });

    expect(await client.request(fsReadFile, { path: at('copy/b.txt') })).toEqual({ dataBase64: base64('ä') });
    expect(lstatSync(at('link2')).isSymbolicLink()).toBe(true);
    expect(await client.request(fsReadDirectory, { path: at() })).toEqual({
      entries: [
        { fileName: 'a.txt', isDirectory: false, isFile: true },
        { fileName: 'copy', isDirectory: true, isFile: false },
        { fileName: 'link', isDirectory: false, isFile: true },
        { fileName: 'link2', isDirectory: false, isFile: true },
        { fileName: 'one', isDirectory: true, isFile: false },
      ],
    });
    expect(await client.request(fsGetMetadata, { path: at('link') })).toEqual({
      ...{ isDirectory: false, isFile: true, isSymlink: true },
      createdAtMs: expect.any(Number),
      modifiedAtMs: Math.floor(lstatSync(at('a.txt')).mtimeMs),
    });
    await client.request(fsRemove, { path: at('copy') });
    await client.request(fsRemove, { path: at('link') });
    await client.request(fsRemove, { path: at('was never there') });
    expect(readdirSync(at()).sort()).toEqual(['a.txt', 'dangling', 'link2', 'one']);
  });

  test('are refused where nothing can be made', async () => {
    const client = await (await startScene()).connect(options);
    const refused = client.request(fsCreateDirectory, { path: '/proc/no/folder' });
    await expect(refused).rejects.toThrow('os error');
  });

  test('are watched: changes come together, until the client says so', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const at = (...names: string[]) => join(scene.temp.workspace, ...names);
    mkdirSync(at('sub'));
    writeFileSync(at('file'), '1');
    expect(await client.request(fsWatch, { path: at('sub'), watchId: 'folder' })).toEqual({ path: at('sub') });
    await client.request(fsWatch, { path: at('file'), watchId: 'file' });
    await client.request(fsWatch, { path: at('later'), watchId: 'later' });
    await expect(client.request(fsWatch, { path: at('sub'), watchId: 'file' })).rejects.toThrow(
      'watchId already exists: file',
    );

    writeFileSync(at('sub/one'), '1');
    writeFileSync(at('sub/two'), '1');
    writeFileSync(at('unseen'), '1');
    writeFileSync(at('fresh'), '2');
    renameSync(at('fresh'), at('file'));
    writeFileSync(at('later'), '1');

    const told = (watchId: string) =>
      client.waitFor(`a change of ${watchId}`, () => changesOf(client).find((change) => change.watchId === watchId));
    expect(await told('folder')).toEqual({ watchId: 'folder', changedPaths: [at('sub/one'), at('sub/two')] });
    expect(await told('file')).toEqual({ watchId: 'file', changedPaths: [at('file')] });
    expect(await told('later')).toEqual({ watchId: 'later', changedPaths: [at('later')] });

    await client.request(fsUnwatch, { watchId: 'folder' });
    await client.request(fsUnwatch, { watchId: 'unknown' });
    writeFileSync(at('sub/three'), '1');
    writeFileSync(at('file'), '3');
    await client.waitFor('the later change', () => changesOf(client).filter((c) => c.watchId === 'file').length > 1);
    expect(JSON.stringify(changesOf(client))).not.toContain('three');
  });
});

const changesOf = (client: DaemonClient): { watchId: string; changedPaths: string[] }[] =>
  client.notifications
    .filter(({ method }) => method === fsChanged.method)
    .map(({ params }) => params as { watchId: string; changedPaths: string[] });

test('mistakes are told in the words of the reference', async () => {
  const scene = await startScene();
  const client = await scene.connect();
  const at = (...names: string[]) => join(scene.temp.workspace, ...names);
  mkdirSync(at('folder/full'), { recursive: true });
  writeFileSync(at('file'), '');
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 16 * 1024 * 1024 + 1);
  execFileSync('mkfifo', [at('pipe')]);
  const missing = 'No such file or directory (os error 2)';
  const read = (path: string) => client.request(fsReadFile, { path });
  const write = (path: string, dataBase64 = '') => client.request(fsWriteFile, { path, dataBase64 });
  const copy = (from: string, to: string, recursive = false) =>
    client.request(fsCopy, { sourcePath: at(from), destinationPath: at(to), recursive });

  const cases: readonly (readonly [Promise<unknown>, string, string])[] = [
    [read('file'), 'invalidParams', 'AbsolutePathBuf deserialized without a base path'],
    [read(at('none')), 'fileSystem', missing],
    [read(at('folder')), 'invalidRequest', `path \`${at('folder')}\` is not a file`],
    [read(at('pipe')), 'invalidRequest', 'is not a file'],
    [read(at('huge')), 'tooLarge', '16777216 at most'],
    [write(at('none/file')), 'fileSystem', missing],
    [write(at('folder')), 'fileSystem', 'Is a directory (os error 21)'],
    [write(at('file'), '!!'), 'invalidRequest', 'fs/writeFile requires valid base64 dataBase64: Invalid symbol 33'],
    [client.request(fsCreateDirectory, { path: at('a/b'), recursive: false }), 'fileSystem', missing],
    [client.request(fsCreateDirectory, { path: at('file') }), 'fileSystem', 'File exists (os error 17)'],
    [client.request(fsReadDirectory, { path: at('file') }), 'fileSystem', 'Not a directory (os error 20)'],
    [client.request(fsGetMetadata, { path: at('none') }), 'fileSystem', missing],
    [client.request(fsRemove, { path: at('none'), force: false }), 'fileSystem', missing],
    [client.request(fsRemove, { path: at('folder'), recursive: false }), 'fileSystem', 'Directory not empty'],
    [copy('folder', 'other'), 'invalidRequest', 'fs/copy requires recursive: true when sourcePath is a directory'],
    [copy('folder', 'folder/in', true), 'invalidRequest', 'fs/copy cannot copy a directory to itself'],
    [copy('file', 'folder'), 'fileSystem', 'Is a directory (os error 21)'],
    [copy('none', 'x'), 'fileSystem', missing],
  ];
  const outcomes = await Promise.allSettled(cases.map(([refusal]) => refusal));
  expect(outcomes).toEqual(
    cases.map(([, errorName, message]) => ({
      status: 'rejected',
      reason: expect.objectContaining({ errorName, message: expect.stringContaining(message) }),
    })),
  );
});

test('the sign-in and the folder of the daemon are refused, under every name', async () => {
  const scene = await startScene({
    prepare: ({ home }) => writeFileSync(join(home, 'auth.json'), '{"OPENAI_API_KEY":"sk-SECRET"}', { mode: 0o600 }),
  });
  const client = await scene.connect();
  const { home, workspace, root } = scene.temp;
  const auth = join(home, 'auth.json');
  symlinkSync(auth, join(workspace, 'link'));
  symlinkSync(home, join(workspace, 'home'));
  symlinkSync(join(home, 'daemon', 'new'), join(workspace, 'dangling'));
  linkSync(auth, join(workspace, 'hard'));
  writeFileSync(join(workspace, 'auth.json'), 'mine');
  mkdirSync(join(workspace, 'like-home'));
  writeFileSync(join(workspace, 'like-home', 'auth.json'), 'mine');
  const read = (path: string) => client.request(fsReadFile, { path });
  const copyTo = (destinationPath: string, recursive = false, from = 'auth.json') =>
    client.request(fsCopy, { sourcePath: join(workspace, from), destinationPath, recursive });

  const refused = await Promise.allSettled([
    read(auth),
    read(join(home, 'x', '..', 'auth.json')),
    read(join(workspace, 'link')),
    read(join(workspace, 'home', 'auth.json')),
    read(join(workspace, 'hard')),
    read(join(home, '.credentials.json')),
    read(join(home, 'daemon', 'daemon.log')),
    client.request(fsReadDirectory, { path: join(home, 'daemon') }),
    client.request(fsGetMetadata, { path: join(home, 'daemon', 'daemon.sock') }),
    client.request(fsWriteFile, { path: auth, dataBase64: '' }),
    client.request(fsWriteFile, { path: join(workspace, 'hard'), dataBase64: '' }),
    client.request(fsWriteFile, { path: join(workspace, 'dangling'), dataBase64: '' }),
    client.request(fsCreateDirectory, { path: join(home, 'daemon', 'x') }),
    client.request(fsRemove, { path: auth }),
    client.request(fsRemove, { path: home }),
    client.request(fsRemove, { path: root }),
    client.request(fsCopy, { sourcePath: auth, destinationPath: join(workspace, 'copied') }),
    client.request(fsCopy, { sourcePath: home, destinationPath: join(workspace, 'copied'), recursive: true }),
    copyTo(auth),
    copyTo(home, true, 'like-home'),
    client.request(fsWatch, { path: join(home, 'daemon'), watchId: 'w' }),
  ]);
  expect(refused.map((one) => (one.status === 'rejected' ? one.reason.errorName : one.value))).toEqual(
    refused.map(() => 'pathRefused'),
  );

  expect(readFileSync(auth, 'utf8')).toContain('sk-SECRET');
  expect(existsSync(join(workspace, 'copied'))).toBe(false);
  expect(readdirSync(join(home, 'daemon'))).not.toContain('new');
  expect(await read(join(home, 'config.toml'))).toMatchObject({ dataBase64: expect.any(String) });
});

test('one connection has 128 watches, and none of them when it has left', async () => {
  const scene = await startScene();
  const client = await scene.connect();
  const watch = (watchId: string) => client.request(fsWatch, { path: scene.temp.workspace, watchId });
  await Promise.all(Array.from({ length: 128 }, (_, index) => watch(`w${index}`)));
  await expect(watch('one more')).rejects.toMatchObject({ errorName: 'limitReached' });
  const inotify = () => readFileSync(`/proc/${scene.daemon.pid}/fdinfo/${inotifyFd(scene.daemon.pid)}`, 'utf8');
  expect(inotify()).toContain('inotify wd:');

  await client.close();

  await until('nothing is watched', () => !inotify().includes('inotify wd:'));
});

/** The descriptor of the daemon's one inotify instance. */
function inotifyFd(pid: number): string {
  const lines = execFileSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' }).split('\n');
  return /(\d+) -> anon_inode:inotify/.exec(lines.find((line) => line.includes('inotify')) ?? '')?.[1] ?? '';
}
