import { afterEach, describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import type { ClientTag } from '../../../machines/protocol/types/item.ts';
import { ScriptedLink } from '../../support/scripted-link.ts';
import {
  otherClient,
  snapshotWith,
  THREAD_ID,
  thisClient,
  turnOf,
  userMessage,
} from '../../support/thread-fixtures.ts';
import { openVirtualScreen, type VirtualScreen, type VirtualScreenOptions } from '../../support/virtual-screen.ts';

const open: VirtualScreen[] = [];
async function show(options: Partial<VirtualScreenOptions> & Pick<VirtualScreenOptions, 'link'>) {
  const screen = await openVirtualScreen({ threadId: THREAD_ID, ...options });
  open.push(screen);
  return screen;
}
afterEach(async () => {
  for (const screen of open.splice(0)) await screen.close();
});

describe('a turn that fails at the sign-in', () => {
  const ended = (sentBy: ClientTag, codexErrorInfo = 'unauthorized') => {
    const items = [userMessage('go', { sentBy })];
    const error = { message: 'you are signed out', codexErrorInfo };
    return { running: turnOf(items, { status: 'inProgress' }), turn: turnOf(items, { status: 'failed', error }) };
  };
  const linkTo = (turn: ReturnType<typeof turnOf>, account: object) => {
    const link = new ScriptedLink(snapshotWith([turn]));
    link.answer('account/read', () => ({ account: null, requiresOpenaiAuth: true, state: 'signedOut', ...account }));
    return link;
  };

  test.each([
    { name: 'opens the sign-in screen', sentBy: thisClient, account: {}, opens: true },
    {
      name: 'with an expired sign-in too',
      sentBy: thisClient,
      account: { account: { type: 'chatgpt', email: null, planType: 'pro' }, state: 'expired' },
      opens: true,
    },
    { name: 'of another terminal does not', sentBy: otherClient, account: {}, opens: false },
    {
      name: 'with a provider of its own key does not',
      sentBy: thisClient,
      account: { requiresOpenaiAuth: false },
      opens: false,
    },
    { name: 'for another reason does not', sentBy: thisClient, codexErrorInfo: 'other', account: {}, opens: false },
    {
      name: 'with a key that is refused does not',
      sentBy: thisClient,
      account: { account: { type: 'apiKey' }, state: 'signedIn' },
      opens: false,
    },
  ])('$name', async ({ sentBy, account, opens, codexErrorInfo }) => {
    const { running, turn } = ended(sentBy, codexErrorInfo);
    const link = linkTo(running, account);
    const screen = await show({ link });
    link.emit(THREAD_ID, { method: 'turn/completed', params: { threadId: THREAD_ID, turn } });
    await screen.waitForText(opens ? '› 1 Browser' : 'turn failed: you are signed out');
    expect(screen.screenText().includes('1 Browser')).toBe(opens);
  });

  test('takes no keys from somebody who types', async () => {
    const { running, turn } = ended(thisClient);
    const link = linkTo(running, {});
    const screen = await show({ link });
    screen.type('the next prompt');
    await screen.waitForText('the next prompt');
    link.emit(THREAD_ID, { method: 'turn/completed', params: { threadId: THREAD_ID, turn } });
    await screen.waitForText('this needs a sign-in: /login');
    expect(screen.screenText()).toContain('› the next prompt');
  });

  test.each([
    { name: 'a prompt', keys: 'go\r', method: 'turn/start' },
    { name: 'a thread', keys: '/new\r', method: null },
  ])('and so does $name that is refused for it', async ({ keys, method }) => {
    const link = linkTo(turnOf([]), {});
    if (method) link.refuse(method, 'notLoggedIn', 'you are signed out');
    const newThread = () => Promise.reject(new RpcError('notLoggedIn', 'you are signed out'));
    const screen = await show({ link, newThread });
    screen.type(keys);
    await screen.waitForText('› 1 Browser');
  });
});
