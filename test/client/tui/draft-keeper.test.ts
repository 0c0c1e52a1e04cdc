import { expect, test } from 'vitest';
import { DraftKeeper } from '../../../client/tui/draft-keeper.ts';
import { draftSet, MAX_DRAFT_CHARACTERS } from '../../../machines/protocol/methods/draft.ts';
import { ScriptedLink } from '../../support/scripted-link.ts';
import { emptySnapshot } from '../../support/thread-fixtures.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function keeper() {
  const link = new ScriptedLink(emptySnapshot());
  const answers: ((error?: Error) => void)[] = [];
  link.answer(
    draftSet.method,
    () =>
      new Promise((resolve, reject) => {
        answers.push((error) => (error ? reject(error) : resolve({})));
      }),
  );
  const told = () => link.calls.map(({ params }) => `${params.threadId} ${params.text}`);
  return {
    link,
    drafts: new DraftKeeper(link),
    told,
    answer: async (error?: Error) => {
      answers.shift()?.(error);
      await settled();
    },
  };
}

test('quick typing is told one call at a time, the last text always', async () => {
  const { drafts, told, answer } = keeper();
  for (const text of ['', 'h', 'ha', 'hal', 'half']) drafts.note('t', text);
  expect(told()).toEqual(['t h']);
  await answer();
  drafts.note('t', 'half');
  await answer();
  expect(told()).toEqual(['t h', 't half']);
  drafts.note('t', '');
  await answer();
  expect(told().at(-1)).toBe('t ');
});

test('a call that fails is made up for by the next key', async () => {
  const { drafts, told, answer } = keeper();
  drafts.note('t', 'a');
  await answer(new Error('cut'));
  drafts.note('t', 'ab');
  expect(told()).toEqual(['t a', 't ab']);
});

test('what is typed goes along to another thread and leaves none behind', async () => {
  const { drafts, told, answer } = keeper();
  drafts.note('t', 'a');
  await answer();
  drafts.note('u', 'a');
  await answer();
  await answer();
  expect(told()).toEqual(['t a', 't ', 'u a']);
});

test('a text over the limit, and a server of the reference, are told nothing', async () => {
  const { link, drafts, told } = keeper();
  drafts.note('t', 'x'.repeat(MAX_DRAFT_CHARACTERS + 1));
  link.clientId = null;
  drafts.note('t', 'a');
  expect(told()).toEqual([]);
});
