import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { execOutput, type MadeCall, makeFolder, startSession } from './practice-session.ts';

const NO_SANDBOX =
  'exec_command failed: no sandbox can be had: bubblewrap is not installed. To mend it: sudo apt-get install bubblewrap';

let folder: Awaited<ReturnType<typeof makeFolder>>;
const textOf = (path: string): Promise<string> => readFile(join(folder.cwd, path), 'utf8');
const commandsOf = (calls: readonly MadeCall[]): readonly string[] =>
  calls.filter(({ name }) => name === 'exec_command').map(({ input }) => (JSON.parse(input) as { cmd: string }).cmd);

beforeEach(async () => {
  folder = await makeFolder({ copy: true });
});
afterEach(() => folder.remove());

describe('fix the bug', () => {
  test('really fixes the example: its tests fail before and pass afterwards', async () => {
    const session = startSession({ cwd: folder.cwd });

    const before = await session.ask('run the tests');
    const fix = await session.ask('Run the tests, find the bug, fix it, and run the tests again.');
    const after = await session.ask('do the tests pass now?');

    expect(before.answer).toContain('The tests fail: `npm test` ended with exit code 1 (3 passed, 3 failed).');
    expect(before.answer).toContain(
      '- "the subtotal counts every line of the cart" (test/cart.test.js:16) expected 720 and got 540',
    );
    expect(fix.answer).toContain(
      'Fixed. In `src/cart.js` line 12 (`subtotalCents`) the loop stops before the last element:',
    );
    expect(fix.answer).toContain(
      '-  for (let index = 0; index < lines.length - 1; index += 1) {\n+  for (let index = 0; index < lines.length; index += 1) {',
    );
    expect(fix.answer).toContain('now ends with exit code 0 (6 passed, 0 failed)');
    expect(after.answer).toBe('The tests pass: `npm test` ended with exit code 0 (6 passed, 0 failed).');
    expect(await textOf('src/cart.js')).toContain('index < lines.length; index');
  });

  test('shows a plan, reads files side by side and keeps within its steps', async () => {
    const { calls, steps } = await startSession({ cwd: folder.cwd }).ask('please fix the bug in the example project');

    expect(calls.filter(({ name }) => name === 'update_plan').map(({ input }) => statusesOf(input))).toEqual([
      ['in_progress', 'pending', 'pending', 'pending'],
      ['completed', 'in_progress', 'pending', 'pending'],
      ['completed', 'completed', 'completed', 'in_progress'],
      ['completed', 'completed', 'completed', 'completed'],
    ]);
    expect(commandsOf(calls)).toEqual([
      'ls -la',
      'cat package.json',
      'npm test',
      'cat test/cart.test.js',
      'cat test/receipt.test.js',
      'cat src/cart.js',
      'cat src/money.js',
      'cat src/receipt.js',
      'npm test',
    ]);
    expect(steps).toBeLessThanOrEqual(12);
  });

  test('finds nothing to fix where the tests pass', async () => {
    const session = startSession({ cwd: folder.cwd });
    await session.ask('fix the bug');

    expect((await session.ask('fix the bug')).answer).toBe(
      'There is nothing to fix: `npm test` passes (6 passed, 0 failed).',
    );
  });

  test('writes nothing when the patch is declined, and shows what it would have been', async () => {
    const before = await textOf('src/cart.js');
    const intercept = ({ name }: MadeCall): string | null => (name === 'apply_patch' ? 'patch rejected by user' : null);

    const { answer, calls } = await startSession({ cwd: folder.cwd, intercept }).ask('fix the bug');

    expect(answer).toContain('You declined the change, so I wrote nothing and stop here.');
    expect(answer).toContain('+  for (let index = 0; index < lines.length; index += 1) {');
    expect(calls.at(-1)?.name).toBe('apply_patch');
    expect(await textOf('src/cart.js')).toBe(before);
  });

  test('repeats the reason when the sandbox refuses the patch', async () => {
    const refusal = 'patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings';
    const intercept = ({ name }: MadeCall): string | null => (name === 'apply_patch' ? refusal : null);

    const { answer } = await startSession({ cwd: folder.cwd, intercept }).ask('fix the bug');

    expect(answer).toContain(refusal);
    expect(answer).toContain('--sandbox workspace-write');
    expect(answer).not.toContain('declined');
  });

  test('sends the patch through the shell where the tool is not offered', async () => {
    const tools = ['exec_command'];
    const seen: MadeCall[] = [];
    const intercept = (call: MadeCall): string | null => {
      seen.push(call);
      return commandsOf([call])[0]?.startsWith('apply_patch') ? 'rejected by user' : null;
    };

    await startSession({ cwd: folder.cwd, tools, intercept }).ask('fix the bug');

    expect(commandsOf(seen).at(-1)).toMatch(/^apply_patch <<'EOF'\n\*\*\* Begin Patch\n[\s\S]+\*\*\* End Patch\nEOF$/);
    expect(seen.every(({ name }) => name === 'exec_command')).toBe(true);
  });

  test('says honestly what it cannot fix, and changes nothing', async () => {
    const cart = (await textOf('src/cart.js')).replace('lines.length - 1', 'lines.length').replace('/ 100', '/ 10');
    await writeFile(join(folder.cwd, 'src/cart.js'), cart);

    const { answer } = await startSession({ cwd: folder.cwd }).ask('fix it');

    expect(answer).toContain('"a cart of 50.00 gets a tenth off" (test/cart.test.js:20) expected 500 and got 5000');
    expect(answer).toContain('found none of the mistakes that I know how to fix');
    expect(await textOf('src/cart.js')).toBe(cart);
  });

  test('takes its change back when that did not help', async () => {
    const sources = (await textOf('src/cart.js'))
      .replace('/ 100', '/ 10')
      .replace('lines.length - 1', 'lines.length')
      .replace(
        'export function discountCents(subtotal) {',
        'export function discountCents(subtotal, notes = []) {\n  for (let at = 0; at < notes.length - 1; at += 1) notes[at] = null;',
      );
    await writeFile(join(folder.cwd, 'src/cart.js'), sources);

    const { answer, steps, calls } = await startSession({ cwd: folder.cwd }).ask('fix the bug');

    expect(answer).toContain('I tried src/cart.js:20; the tests failed as before, and I took it back.');
    expect(calls.filter(({ name }) => name === 'apply_patch')).toHaveLength(2);
    expect(await textOf('src/cart.js')).toBe(sources);
    expect(steps).toBeLessThanOrEqual(12);
  });

  test.each([
    { mistake: 'a loop one too far', from: 'index < lines.length - 1', to: 'index <= lines.length' },
    {
      mistake: 'a loop that begins late',
      from: 'index = 0; index < lines.length - 1',
      to: 'index = 1; index < lines.length',
    },
  ])('fixes $mistake as well', async ({ from, to }) => {
    await writeFile(join(folder.cwd, 'src/cart.js'), (await textOf('src/cart.js')).replace(from, to));

    const { answer } = await startSession({ cwd: folder.cwd }).ask('fix the bug');

    expect(answer).toMatch(/^Fixed\. In `src\/cart\.js` line 12/);
    expect(await textOf('src/cart.js')).toContain('let index = 0; index < lines.length; index');
  });
});

function statusesOf(input: string): readonly string[] {
  return (JSON.parse(input) as { plan: readonly { status: string }[] }).plan.map(({ status }) => status);
}

describe('looking around', () => {
  test('lists and explains a folder from what is really there', async () => {
    const { answer, calls } = await startSession({ cwd: folder.cwd }).ask('What is in this folder? Please explain it.');

    expect(commandsOf(calls)).toEqual(['ls -la', 'cat README.md', 'cat package.json']);
    expect(answer).toContain('In this folder there are 2 files and 2 folders.');
    expect(answer).toContain('It is the Node project `corner-shop`: Adds up a shopping cart and prints its receipt.');
    expect(answer).toContain('Its README says: "A tiny program that adds up a shopping cart');
    expect(answer).toContain('- `npm run test` runs `node --test`');
    expect(answer).toContain('- `src/`: the source code');
  });

  test('lists another folder, and says when there is none', async () => {
    const session = startSession({ cwd: folder.cwd });

    expect((await session.ask('list the src folder')).answer).toContain('In `src` there are 3 files and 0 folders.');
    expect((await session.ask('list ./nowhere')).answer).toContain('I could not list `./nowhere`');
  });

  test('reads two files in one response', async () => {
    const { answer, calls, steps } = await startSession({ cwd: folder.cwd }).ask('show me src/money.js and README.md');

    expect(commandsOf(calls)).toEqual(['cat src/money.js', 'cat README.md']);
    expect(steps).toBe(2);
    expect(answer).toContain('`src/money.js` (6 lines):\n\n```js\n/** Cents as text');
    expect(answer).toContain('# Corner shop');
  });

  test('finds no tests in an empty folder', async () => {
    const empty = await makeFolder({ copy: false });
    const { answer } = await startSession({ cwd: empty.cwd }).ask('run the tests');
    await empty.remove();

    expect(answer).toContain('I found no tests in this folder');
  });
});

describe('changing files', () => {
  test('creates a file, then does not overwrite it unasked', async () => {
    const session = startSession({ cwd: folder.cwd });

    const created = await session.ask('create a file notes/today.txt with the content "it\'s a start"');
    const again = await session.ask('create a file notes/today.txt with the content "other"');

    expect(created.answer).toContain('I created `notes/today.txt` with 1 line');
    expect(again.answer).toContain('is there already, so I left it as it is');
    expect(await textOf('notes/today.txt')).toBe("it's a start\n");
  });

  test('creates a file from a code block', async () => {
    await startSession({ cwd: folder.cwd }).ask('Please make hello.js:\n```js\nconst a = 1;\n\nrun(a);\n```\nThanks!');

    expect(await textOf('hello.js')).toBe('const a = 1;\n\nrun(a);\n');
  });

  test('edits a file with a patch made from its real lines, everywhere', async () => {
    const before = await textOf('src/cart.js');

    const { answer, calls } = await startSession({ cwd: folder.cwd }).ask(
      'replace "subtotal" with "sum" in src/cart.js',
    );

    const count = before.split('subtotal').length - 1;
    expect(calls.map(({ name }) => name)).toEqual(['exec_command', 'apply_patch']);
    expect(answer).toBe(`I replaced "subtotal" with "sum" in \`src/cart.js\` (${count} places).`);
    expect(await textOf('src/cart.js')).toBe(before.replaceAll('subtotal', 'sum'));
  });

  test('adds a line at the end', async () => {
    const before = await textOf('README.md');
    await startSession({ cwd: folder.cwd }).ask('add the line "Have fun." to README.md');

    expect(await textOf('README.md')).toBe(`${before}Have fun.\n`);
  });

  test.each([
    { prompt: 'replace "nowhere to be found" with "x" in README.md', says: 'does not contain "nowhere to be found"' },
    { prompt: 'change foo to bar in missing.txt', says: 'I could not read `missing.txt`, so I changed nothing' },
  ])('changes nothing on: $prompt', async ({ prompt, says }) => {
    const { answer, calls } = await startSession({ cwd: folder.cwd }).ask(prompt);

    expect(answer).toContain(says);
    expect(calls.map(({ name }) => name)).toEqual(['exec_command']);
  });
});

describe('commands and approvals', () => {
  test('runs a given command and reports its exit code and words', async () => {
    const { answer } = await startSession({ cwd: folder.cwd }).ask('run `echo hi; exit 3`');

    expect(answer).toBe('`echo hi; exit 3` ended with exit code 3:\n\n```\nhi\n```');
  });

  test('asks for an approval when it is to write outside', async () => {
    const { answer, calls } = await startSession({ cwd: folder.cwd }).ask('write a note outside the workspace');

    expect(calls.map(({ input }) => JSON.parse(input))).toEqual([
      {
        cmd: "printf '%s\\n' 'Written by the practice model, with your approval.' > ../practice-note.txt",
        login: false,
        max_output_tokens: 6_000,
        sandbox_permissions: 'require_escalated',
        justification: 'May I write ../practice-note.txt, which may lie outside the workspace?',
      },
    ]);
    expect(answer).toContain('ended with exit code 0');
    expect(await textOf('../practice-note.txt')).toBe('Written by the practice model, with your approval.\n');
  });

  test.each([
    { policy: 'on-request', escalates: [undefined, 'require_escalated'] },
    { policy: 'never', escalates: [undefined] },
  ])(
    'after a failure in the sandbox it asks to leave it under $policy as far as it may',
    async ({ policy, escalates }) => {
      const blocked = execOutput("touch: cannot touch 'x': Read-only file system\n", 1);
      const intercept = (_call: MadeCall, count: number): string => (count === 1 ? blocked : 'rejected by user');

      const { answer, calls } = await startSession({ cwd: folder.cwd, approvalPolicy: policy, intercept }).ask(
        'run `touch x`',
      );

      expect(
        calls.map(({ input }) => (JSON.parse(input) as { sandbox_permissions?: string }).sandbox_permissions),
      ).toEqual(escalates);
      expect(answer).toContain(policy === 'never' ? 'I cannot ask you to lift it' : 'You declined `touch x`');
    },
  );

  test.each([
    'list this folder',
    'run the tests',
    'fix the bug',
    'show README.md',
    'run `ls`',
    'create a file a.txt with the content x',
  ])('where no sandbox can be had it says what could not run and how to mend it: %s', async (prompt) => {
    const { answer, steps } = await startSession({ cwd: folder.cwd, intercept: () => NO_SANDBOX }).ask(prompt);

    expect(answer).toContain('could not be done');
    expect(answer).toContain(NO_SANDBOX);
    expect(answer).toContain('Mend it as it says above');
    expect(steps).toBe(2);
  });

  test('waits for a command that is still running', async () => {
    const running =
      'Chunk ID: abc123\nWall time: 10.0000 seconds\nProcess running with session ID 4711\nOriginal token count: 1\nOutput:\none\n';
    const intercept = (_call: MadeCall, count: number): string => (count < 3 ? running : execOutput('two\n', 0));

    const { answer, calls } = await startSession({ cwd: folder.cwd, intercept }).ask('run `slow`');

    expect(calls.map(({ name }) => name)).toEqual(['exec_command', 'write_stdin', 'write_stdin']);
    expect(JSON.parse(calls[1]?.input ?? '')).toMatchObject({ session_id: 4711, chars: '' });
    expect(answer).toBe('`slow` ended with exit code 0:\n\n```\none\none\ntwo\n```');
  });

  test('tells of an interrupted command, and starts it again on "continue"', async () => {
    const intercept = (_call: MadeCall, count: number): string | null =>
      count === 1 && !session.history.some((item) => 'role' in item && item.role === 'assistant' && isInterrupted(item))
        ? 'Wall time: 1.1 seconds\naborted by user'
        : null;
    const session = startSession({ cwd: folder.cwd, intercept });

    const first = await session.ask('run `echo back`');
    const second = await session.ask('continue');

    expect(first.answer).toContain('was interrupted, so I stop here');
    expect(second.answer).toContain('`echo back` ended with exit code 0');
  });
});

function isInterrupted(item: object): boolean {
  return JSON.stringify(item).includes('was interrupted');
}
