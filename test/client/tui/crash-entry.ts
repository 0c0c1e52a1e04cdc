/** A process of its own for crash.test.ts: shows a thread, then dies of what `argv[2]` says. */
import { runTui } from '../../../client/tui/app.ts';
import { ScriptedLink } from '../../support/scripted-link.ts';
import { emptySnapshot, THREAD_ID } from '../../support/thread-fixtures.ts';

const output = Object.assign(process.stdout, { columns: 80, rows: 24 });
const exit = runTui({
  link: new ScriptedLink(emptySnapshot()),
  threadId: THREAD_ID,
  initialPrompt: null,
  role: 'operator',
  cwd: '/',
  notices: ['it runs'],
  input: process.stdin,
  output,
  env: { TERM: 'xterm-256color' },
  openUrl: () => undefined,
  seat: { pid: 1, terminal: null },
  newThread: () => Promise.reject(new Error('no new threads here')),
});
exit.catch((error: unknown) => {
  process.stderr.write(`${error}`);
  process.exitCode = 3;
});
process.stdin.on('data', () => {
  if (process.argv[2] === 'exit') process.exit(4);
  throw new Error('something broke');
});
