import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../daemon/deps.ts';
import { readRollout } from '../../../daemon/store/read-rollout.ts';
import { Rollout } from '../../../daemon/store/rollout.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import { textMessage } from '../../../machines/model/response-item.ts';
import type { LinePayload } from '../../../machines/thread/rollout-line.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rollout-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Time stands; the sync that is waited for is run by hand. */
class StillClock implements Clock {
  readonly waiting = new Map<object, () => void>();
  now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  setTimeout(run: () => void): unknown {
    const handle = {};
    this.waiting.set(handle, run);
    return handle;
  }
  clearTimeout(handle: unknown): void {
    if (typeof handle === 'object' && handle !== null) this.waiting.delete(handle);
  }
  runAll(): void {
    for (const run of this.waiting.values()) run();
    this.waiting.clear();
  }
}

const said = (text: string): LinePayload => ({ type: 'response_item', payload: textMessage('user', text) });
const pathOf = () => join(dir, 'sessions/2026/01/02/rollout-x.jsonl');
const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => (text === '' ? [] : [JSON.parse(text) as Record<string, unknown>]));
const errorOf = (run: () => unknown): RpcError => {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('appending', () => {
  test('is one line each, with time and place, in a file of its owner alone', async () => {
    const log = Rollout.create(pathOf(), new StillClock());
    log.append([said('one'), said('two')]);
    log.append([]);
    log.append([said('three')]);
    expect(linesOf(pathOf())).toEqual(
      ['one', 'two', 'three'].map((text, ordinal) => ({
        timestamp: '2026-01-02T03:04:05.678Z',
        ordinal,
        ...said(text),
      })),
    );
    expect([statSync(pathOf()).mode & 0o777, statSync(join(dir, 'sessions')).mode & 0o777]).toEqual([0o600, 0o700]);
    await log.close();
  });

  test('keeps line breaks and any letters inside their line', async () => {
    const log = Rollout.create(pathOf(), new StillClock());
    const texts = ['a\nb\r\n\u2028', '\u0000 "quoted" \\', '日本語 👩‍💻'];
    log.append(texts.map(said));
    await log.close();
    expect(linesOf(pathOf()).map(({ payload }) => payload)).toEqual(texts.map((text) => textMessage('user', text)));
  });

  test('is there for any reader at once, before the sync', async () => {
    const clock = new StillClock();
    const log = Rollout.create(pathOf(), clock);
    log.append([said('one')]);
    expect([linesOf(pathOf()).length, clock.waiting.size]).toEqual([1, 1]);
    await log.close();
  });

  test('many lines wait for one sync, and a flush waits for none', async () => {
    const clock = new StillClock();
    const log = Rollout.create(pathOf(), clock);
    for (const text of ['a', 'b', 'c']) log.append([said(text)]);
    expect(clock.waiting.size).toBe(1);
    clock.runAll();
    log.append([said('d')]);
    expect(clock.waiting.size).toBe(1);
    await log.flush();
    expect(clock.waiting.size).toBe(0);
    await log.close();
  });

  test('goes on with its numbers after it was opened again', async () => {
    const clock = new StillClock();
    const log = Rollout.create(pathOf(), clock);
    log.append([said('one'), said('two')]);
    await log.close();
    const record = await readRollout(pathOf());
    const again = Rollout.open(pathOf(), clock, record.ordinal);
    again.append([said('three')]);
    await again.close();
    expect(linesOf(pathOf()).map(({ ordinal }) => ordinal)).toEqual([0, 1, 2]);
    expect((await readRollout(pathOf())).history).toEqual(
      ['one', 'two', 'three'].map((text) => textMessage('user', text)),
    );
  });
});

describe('a log that cannot be had', () => {
  test.each([
    {
      name: 'made where one is',
      run: () => Rollout.create(join(dir, 'taken'), new StillClock()),
    },
    {
      name: 'made below a file',
      run: () => Rollout.create(join(dir, 'taken/b'), new StillClock()),
    },
    { name: 'opened where none is', run: () => Rollout.open(join(dir, 'a'), new StillClock(), 0) },
  ])('$name is refused with the path', ({ run }) => {
    writeFileSync(join(dir, 'taken'), '');
    const error = errorOf(run);
    expect([error.errorName, error.message.includes(dir)]).toEqual(['threadStoreFailed', true]);
  });
});

describe('a last line that a crash cut short', () => {
  test.each([
    { name: 'in the middle', cut: 20, kept: ['one'] },
    { name: 'of its newline only', cut: 1, kept: ['one', 'two'] },
  ])('$name is closed, never joined to', async ({ cut, kept }) => {
    const clock = new StillClock();
    const log = Rollout.create(pathOf(), clock);
    log.append([said('one'), said('two')]);
    await log.close();
    truncateSync(pathOf(), statSync(pathOf()).size - cut);
    const again = Rollout.open(pathOf(), clock, 2);
    again.append([said('three')]);
    await again.close();
    const { history } = await readRollout(pathOf());
    expect(history).toEqual([...kept, 'three'].map((text) => textMessage('user', text)));
  });

  test.each(['', '{"a":1}\n'])('a log that ends well is not touched: %j', async (text) => {
    writeFileSync(join(dir, 'a'), text);
    const log = Rollout.open(join(dir, 'a'), new StillClock(), 0);
    await log.close();
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe(text);
  });
});

describe('another program', () => {
  const foreign = '{"timestamp":"2026-01-02T03:04:05.678Z","type":"response_item","payload":{}}\n';
  test.each([
    { name: 'wrote a line', meddle: (path: string) => appendFileSync(path, foreign) },
    { name: 'cut the log', meddle: (path: string) => truncateSync(path, 3) },
    { name: 'removed the log', meddle: (path: string) => unlinkSync(path) },
    {
      name: 'put a copy in its place',
      meddle: (path: string) => {
        writeFileSync(`${path}.new`, readFileSync(path));
        renameSync(`${path}.new`, path);
      },
    },
  ])('$name: nothing more is written until the log is opened anew', async ({ meddle }) => {
    const log = Rollout.create(pathOf(), new StillClock());
    log.append([said('one')]);
    expect(log.hasForeignLines()).toBe(false);
    meddle(pathOf());
    expect(log.hasForeignLines()).toBe(true);
    const before = contentOf(pathOf());
    const errors = [1, 2].map(() => errorOf(() => log.append([said('two')])));
    expect(errors.map(({ errorName }) => errorName)).toEqual(['threadStoreFailed', 'threadStoreFailed']);
    expect(errors[0]?.message).toContain('another program wrote to this thread');
    expect(contentOf(pathOf())).toBe(before);
    await log.close();
  });

  const contentOf = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  };
});

describe('the end of a log', () => {
  test('takes no more lines, and leaves alone what got its descriptor', async () => {
    const log = Rollout.create(pathOf(), new StillClock());
    log.append([said('one')]);
    await log.close();
    const other = openSync(join(dir, 'other'), 'w');
    expect(errorOf(() => log.append([said('two')])).errorName).toBe('threadStoreFailed');
    await log.close();
    closeSync(other);
    expect([readFileSync(join(dir, 'other'), 'utf8'), linesOf(pathOf()).length]).toEqual(['', 1]);
  });

  test('of a thread without a prompt is its removal', async () => {
    const log = Rollout.create(pathOf(), new StillClock());
    await log.remove();
    expect(() => statSync(pathOf())).toThrow('ENOENT');
  });
});

/** Appends until the limit on a file's size refuses it; then once more. Prints what it was told. */
const FILLER = `
import { Rollout } from './daemon/store/rollout.ts';
import { systemClock } from './daemon/deps.ts';
const log = Rollout.create(process.argv[2], systemClock);
const errors = [];
let written = 0;
for (let round = 0; round < 100 && errors.length < 2; round += 1) {
  const payload = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x'.repeat(1000) }] };
  try {
    log.append([0, 1, 2].map(() => ({ type: 'response_item', payload })));
    written += 3;
  } catch (error) {
    errors.push([error.errorName, error.message]);
  }
}
log.close().then(() => console.log(JSON.stringify({ written, errors })));
`;

test('a full disk takes a batch of lines whole or not at all, and says so', async () => {
  const bundle = join(dir, 'filler.cjs');
  await build({
    stdin: { contents: FILLER, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: bundle,
    logLevel: 'silent',
  });
  const path = join(dir, 'full.jsonl');
  const script = 'ulimit -f 20; exec "$0" "$1" "$2"';
  const run = spawnSync('sh', ['-c', script, process.execPath, bundle, path], { encoding: 'utf8', timeout: 20_000 });
  const { written, errors } = JSON.parse(run.stdout) as { written: number; errors: [string, string][] };
  expect(errors.map(([name]) => name)).toEqual(['threadStoreFailed', 'threadStoreFailed']);
  expect(errors[0]?.[1]).toContain('EFBIG');
  expect(written).toBeGreaterThan(3);
  expect(linesOf(path).map(({ ordinal }) => ordinal)).toEqual([...Array(written).keys()]);
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
});

describe('reading a log', () => {
  test('passes over what it cannot read, and loses nothing behind it', async () => {
    const path = join(dir, 'a');
    const line = (text: string) => JSON.stringify({ timestamp: '2026-01-02T03:04:05.678Z', ...said(text) });
    const noise = [
      '',
      'null',
      '[]',
      '"text"',
      '{"type":"response_item"}',
      '{"type":"new","payload":{}}',
      '{"cut',
      '\u0000',
    ];
    writeFileSync(path, [line('one'), ...noise, line('two'), line('three').slice(0, 30)].join('\n'));
    const { history } = await readRollout(path);
    expect(history).toEqual(['one', 'two'].map((text) => textMessage('user', text)));
  });

  test('a log that is not there is an error', async () => {
    await expect(readRollout(join(dir, 'none'))).rejects.toThrow('ENOENT');
  });
});
