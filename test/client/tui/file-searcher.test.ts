import { expect, test } from 'vitest';
import { FileSearcher } from '../../../client/tui/file-searcher.ts';
import type { Message } from '../../../client/tui/model.ts';
import { ScriptedLink } from '../../support/scripted-link.ts';
import { emptySnapshot } from '../../support/thread-fixtures.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function searcher() {
  const link = new ScriptedLink(emptySnapshot());
  const messages: Message[] = [];
  let made = 0;
  const files = new FileSearcher({
    link,
    randomId: () => `session-${++made}`,
    dispatch: (message) => messages.push(message),
  });
  const told = () =>
    link.calls.map(({ method, params }) => [method.split('/')[1], ...Object.values(params).map(String)].join(' '));
  return { link, files, messages, told };
}

test('one look through the folder serves a whole mention, and ends with it', async () => {
  const { files, told } = searcher();
  files.note('/repo', null);
  for (const query of ['', 'a', 'ab']) {
    files.note('/repo', query);
    await settled();
  }
  files.note('/repo', 'ab');
  files.note('/repo', null);
  await settled();
  files.note('/repo', 'x');
  await settled();

  expect(told()).toEqual([
    'sessionStart session-1 /repo',
    'sessionUpdate session-1 ',
    'sessionUpdate session-1 a',
    'sessionUpdate session-1 ab',
    'sessionStop session-1',
    'sessionStart session-2 /repo',
    'sessionUpdate session-2 x',
  ]);
});

test('of quick typing only the first and the last letters are asked about', async () => {
  const { link, files, told } = searcher();
  const answers: (() => void)[] = [];
  link.answer('fuzzyFileSearch/sessionUpdate', () => new Promise<object>((resolve) => answers.push(() => resolve({}))));
  for (const query of ['a', 'ab', 'abc']) files.note('/repo', query);
  await settled();
  answers[0]?.();
  await settled();

  expect(told().slice(1)).toEqual(['sessionUpdate session-1 a', 'sessionUpdate session-1 abc']);
});

test('another folder is looked through anew', async () => {
  const { files, told } = searcher();
  files.note('/repo', 'a');
  await settled();
  files.note('/other', 'a');
  await settled();

  expect(told().slice(2)).toEqual([
    'sessionStop session-1',
    'sessionStart session-2 /other',
    'sessionUpdate session-2 a',
  ]);
});

test('a daemon that forgot the search is asked again', async () => {
  const { link, files, messages, told } = searcher();
  files.note('/repo', 'a');
  await settled();
  link.refuse('fuzzyFileSearch/sessionUpdate', 'invalidRequest', 'session not found');
  link.answer('fuzzyFileSearch/sessionStart', () => {
    link.answer('fuzzyFileSearch/sessionUpdate', () => ({}));
    return {};
  });
  files.note('/repo', 'ab');
  await settled();

  expect(told().slice(2)).toEqual([
    'sessionUpdate session-1 ab',
    'sessionStart session-2 /repo',
    'sessionUpdate session-2 ab',
  ]);
  expect(messages).toEqual([]);
});

test('a failure is told once, and the next letter tries again', async () => {
  const { link, files, messages } = searcher();
  link.refuse('fuzzyFileSearch/sessionStart', 'limitReached', 'too many searches');
  files.note('/repo', 'a');
  await settled();
  link.answer('fuzzyFileSearch/sessionStart', () => ({}));
  files.note('/repo', 'ab');
  await settled();

  expect(messages).toEqual([{ type: 'fileSearchFailed', query: 'a', why: 'too many searches' }]);
  expect(link.calls.at(-1)?.params).toEqual({ sessionId: 'session-2', query: 'ab' });
});

test('what is found is passed on, but for a search that is over', async () => {
  const { files, messages } = searcher();
  files.note('/repo', 'a');
  await settled();
  for (const sessionId of ['session-0', 'session-1']) {
    files.take({ method: 'fuzzyFileSearch/sessionUpdated', params: { sessionId, query: 'a', files: [] } });
    files.take({ method: 'fuzzyFileSearch/sessionCompleted', params: { sessionId } });
  }

  expect(messages).toEqual([{ type: 'filesFound', query: 'a', files: [] }, { type: 'filesComplete' }]);
});
