import { describe, expect, test } from 'vitest';
import { messageOf } from '../../../machines/core/errors.ts';
import { daemonPaths, MAX_SOCKET_PATH_BYTES } from '../../../machines/core/home.ts';
import { createUuidV7, isUuid } from '../../../machines/core/ids.ts';
import fc from '../../support/fast-check.ts';

const homeHash = '0123456789abcdef'.repeat(4);
const pathsOf = (home: string) => daemonPaths({ home, uid: 1000, homeHash });

describe('where the daemon keeps its files', () => {
  test('below its home', () => {
    expect(pathsOf('/home/user/.codex')).toEqual({
      daemonDir: '/home/user/.codex/daemon',
      socketDir: '/home/user/.codex/daemon',
      socketPath: '/home/user/.codex/daemon/daemon.sock',
      logPath: '/home/user/.codex/daemon/daemon.log',
      lockPath: '/home/user/.codex/daemon/start.lock',
      ledgerPath: '/home/user/.codex/daemon/children.jsonl',
      auditPath: '/home/user/.codex/daemon/audit.jsonl',
    });
  });

  test.each([
    { name: 'the longest that fits', home: `/${'a'.repeat(83)}`, socketDir: `/${'a'.repeat(83)}/daemon` },
    { name: 'one byte more', home: `/${'a'.repeat(84)}`, socketDir: '/tmp/codex-1000' },
    { name: 'fewer letters, but more bytes', home: `/${'é'.repeat(42)}`, socketDir: '/tmp/codex-1000' },
  ])('the socket of a long home is moved, never cut: $name', ({ home, socketDir }) => {
    const paths = pathsOf(home);
    expect([paths.socketDir, paths.socketPath.startsWith(`${socketDir}/`)]).toEqual([socketDir, true]);
    expect(Buffer.byteLength(paths.socketPath)).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
    expect(paths.daemonDir).toBe(`${home}/daemon`);
  });

  test('the socket path of any home can be bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (home) => {
        expect(Buffer.byteLength(pathsOf(home).socketPath)).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
      }),
    );
  });
});

const idAt = (now: number, bytes: readonly number[]) =>
  createUuidV7({ now: () => now, randomBytes: () => Uint8Array.from(bytes) });
const tenBytes = fc.array(fc.nat(255), { minLength: 10, maxLength: 10 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('ids', () => {
  test('hold the time, the version and the variant', () => {
    expect(idAt(0x0198c0de1234, new Array(10).fill(0xff))).toBe('0198c0de-1234-7fff-bfff-ffffffffffff');
    expect(idAt(0, new Array(10).fill(0))).toBe('00000000-0000-7000-8000-000000000000');
  });

  test('are UUIDs of version 7, whatever chance and the clock give', () => {
    fc.assert(
      fc.property(time, tenBytes, (now, bytes) => {
        const id = idAt(now, bytes);
        expect([isUuid(id), id[14], '89ab'.includes(id[19] ?? '')]).toEqual([true, '7', true]);
      }),
    );
  });

  test('sort by time', () => {
    fc.assert(
      fc.property(time, time, tenBytes, tenBytes, (one, other, some, more) => {
        fc.pre(one !== other);
        expect(idAt(one, some) < idAt(other, more)).toBe(one < other);
      }),
    );
  });

  test.each([
    '',
    '../../etc/passwd',
    '0198c0de-1234-7fff-bfff-ffffffffffff/..',
    '0198C0DE-1234-7FFF-BFFF-FFFFFFFFFFFF',
    '0198c0de-1234-7fff-bfff-ffffffffffff\n',
    '0198c0de12347fffbfffffffffffffff',
  ])('%j is no id', (text) => {
    expect(isUuid(text)).toBe(false);
  });
});

test.each([
  { thrown: new Error('why'), text: 'why' },
  { thrown: 'words', text: 'words' },
  { thrown: undefined, text: 'undefined' },
])('$thrown has the text $text', ({ thrown, text }) => {
  expect(messageOf(thrown)).toBe(text);
});
