import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Drafts } from '../../../daemon/store/drafts.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drafts-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const dir = () => join(root, 'drafts');
const open = () => new Drafts(dir(), () => 1_000);
const client = (key: string, terminal: string | null = null) => ({ key, terminal });
const nobody = () => false;

describe('the drafts of a thread', () => {
  test.each([
    { name: 'that of the same terminal', takes: client('new', '/dev/pts/1'), text: 'one' },
    {
      name: 'none, when several are left and none is of that terminal',
      takes: client('new', '/dev/pts/9'),
      text: null,
    },
    { name: 'none without a terminal, when several are left', takes: client('new'), text: null },
  ])('gives $name', ({ takes, text }) => {
    const drafts = open();
    drafts.set('t', client('a', '/dev/pts/1'), 'one');
    drafts.set('t', client('b', '/dev/pts/2'), 'two');
    expect(drafts.take('t', takes, nobody)?.text ?? null).toBe(text);
  });

  test('gives the only one to any terminal, and once', () => {
    const drafts = open();
    drafts.set('t', client('a', '/dev/pts/1'), 'one');
    expect(drafts.take('t', client('new', '/dev/pts/9'), nobody)?.text).toBe('one');
    expect(drafts.take('t', client('newer', '/dev/pts/8'), (key) => key === 'new')).toBeNull();
    expect(drafts.take('other thread', client('new'), nobody)).toBeNull();
  });

  test('gives nobody what a client that is there is typing, nor its own', () => {
    const drafts = open();
    drafts.set('t', client('a', '/dev/pts/1'), 'one');
    expect(drafts.take('t', client('new', '/dev/pts/1'), (key) => key === 'a')).toBeNull();
    expect(drafts.take('t', client('a', '/dev/pts/1'), nobody)).toBeNull();
  });

  test('outlive the daemon, and leave no file when they are gone', () => {
    open().set('t', client('a'), 'one');
    const later = open();
    expect([later.has('t'), later.has('u')]).toEqual([true, false]);
    later.set('t', client('a'), '');
    expect([later.has('t'), readdirSync(dir())]).toEqual([false, []]);
  });

  test('are as many as fit: the oldest makes room', () => {
    const drafts = open();
    for (let at = 0; at < 20; at += 1) drafts.set('t', client(`c${at}`, `/dev/pts/${at}`), `text ${at}`);
    expect(drafts.take('t', client('new', '/dev/pts/3'), nobody)).toBeNull();
    expect(drafts.take('t', client('new', '/dev/pts/4'), nobody)?.text).toBe('text 4');
  });

  test('lie in their folder, whatever a thread is called; a broken file is none', () => {
    const drafts = open();
    drafts.set('../../escape', client('a'), 'one');
    expect([readdirSync(root), readdirSync(dir())]).toEqual([['drafts'], ['%2E%2E%2F%2E%2E%2Fescape.json']]);
    writeFileSync(join(dir(), 'broken.json'), '[{"key":1}]');
    expect(open().has('broken')).toBe(false);
  });

  test('are forgotten after a month', () => {
    const drafts = open();
    for (const id of ['old', 'new']) drafts.set(id, client('a'), 'one');
    utimesSync(join(dir(), 'old.json'), 0, 0);
    new Drafts(dir(), () => Date.now()).sweep();
    expect(readdirSync(dir())).toEqual(['new.json']);
  });
});
