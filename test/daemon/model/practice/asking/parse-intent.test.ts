import { expect, test } from 'vitest';
import { parseIntent } from '../../../../../daemon/model/practice/asking/parse-intent.ts';

const runTests = { kind: 'runTests' };
const fixBug = { kind: 'fixBug' };
const about = { kind: 'about' };
const listFolder = (path = '.') => ({ kind: 'listFolder', path });
const showFiles = (...paths: string[]) => ({ kind: 'showFiles', paths });
const command = (text: string, isEscalated = false) => ({ kind: 'runCommand', command: text, isEscalated });
const createFile = (path: string, content: string, mayOverwrite = false) => ({
  kind: 'createFile',
  path,
  content,
  mayOverwrite,
});
const editFile = (path: string, find: string, replaceBy: string) => ({ kind: 'editFile', path, find, replaceBy });
const appendLine = (path: string, line: string) => ({ kind: 'appendLine', path, line });

test.each([
  ['list this folder', listFolder()],
  ['list this folder and explain it', listFolder()],
  ['List the files, please', listFolder()],
  ['ls', listFolder()],
  ['What is in this directory?', listFolder()],
  ['what files are here?', listFolder()],
  ['explain the project', listFolder()],
  ['can you give me an overview of the codebase', listFolder()],
  ['Tell me about this repo', listFolder()],
  ['lsit the fodler', listFolder()],
  ['summarize the repositry', listFolder()],
  ['list the src folder', listFolder('src')],
  ["what's in the folder test?", listFolder('test')],
  ['explain ./lib/', listFolder('./lib/')],
  ['ls src', listFolder('src')],
  ['list ..', listFolder('..')],

  ['run the tests', runTests],
  ['Run tests.', runTests],
  ['please run the unit tests and tell me the result', runTests],
  ['do the tests pass?', runTests],
  ['test it', runTests],
  ['could you execute the test suite', runTests],
  ['run the tetss', runTests],
  ["run the tests but don't fix anything", runTests],

  ['fix the bug', fixBug],
  ['Fix it!', fixBug],
  ['please find and repair the bug in the example project', fixBug],
  ['Run the tests, find the bug, fix it, and run the tests again.', fixBug],
  ['make the failing tests work: debug them', fixBug],
  ['fix the bug, but ask me first', fixBug],
  ['fix the bug, then run `npm test`', fixBug],
  ['there is a bug here', runTests],
  ['find the bug', runTests],
  ['explain the bug to me', runTests],

  ['show README.md', showFiles('README.md')],
  ['show me the readme', showFiles('README.md')],
  ['open src/cart.js and src/money.js', showFiles('src/cart.js', 'src/money.js')],
  ["what's in package.json?", showFiles('package.json')],
  ['cat Makefile', showFiles('Makefile')],
  ['look at test/cart.test.js', showFiles('test/cart.test.js')],
  ['explain `src/receipt.js`.', showFiles('src/receipt.js')],

  ['create a file notes.txt with the content "hello"', createFile('notes.txt', 'hello\n')],
  ['create a file hello.txt that says hello', createFile('hello.txt', 'hello\n')],
  ['write "a.txt" to a.txt', createFile('a.txt', 'a.txt\n')],
  ['create a.txt with the content "a.txt" in b.txt', createFile('a.txt', 'a.txt\n')],
  ['write "hello there" to notes.txt', createFile('notes.txt', 'hello there\n')],
  ['Make a new file called docs/a.md containing # Title', createFile('docs/a.md', '# Title\n')],
  ['create an empty file called notes', createFile('notes', '')],
  ['overwrite notes.txt with the text "new"', createFile('notes.txt', 'new\n', true)],
  ['add a file todo.md that says: buy milk and see a.txt', createFile('todo.md', 'buy milk and see a.txt\n')],
  ['create run.sh:\n```sh\nfix the tests\n```', createFile('run.sh', 'fix the tests\n')],

  ['create a.txt with the content fix the bug', createFile('a.txt', 'fix the bug\n')],
  ['run `npm run fix`', command('npm run fix')],

  ['replace "a b" with "c" in notes.txt', editFile('notes.txt', 'a b', 'c')],
  ['replace the word "to be" with "or not" in the file notes.txt.', editFile('notes.txt', 'to be', 'or not')],
  ['In src/cart.js, change subtotal to sum', editFile('src/cart.js', 'subtotal', 'sum')],
  ['Fix the typo: replace `teh` by `the` in README.md', editFile('README.md', 'teh', 'the')],
  ['replace "gone" with "" in notes.txt', editFile('notes.txt', 'gone', '')],
  ['add the line "Have fun." to README.md', appendLine('README.md', 'Have fun.')],
  ["append 'x' at the end of notes.txt", appendLine('notes.txt', 'x')],

  ['run `git status`', command('git status')],
  ['`ls -la | wc -l`', command('ls -la | wc -l')],
  ['$ echo hi', command('echo hi')],
  ['run npm install', command('npm install')],
  ['please run ./build.sh --fast', command('./build.sh --fast')],
  ['run the tests with `node --test`', command('node --test')],
  ['run `touch /etc/x` with my approval', command('touch /etc/x', true)],
  ['run git commit -m done with my approval', command('git commit -m done', true)],
  ['run `rm x` outside of the sandbox', command('rm x', true)],
  [
    'write a note outside the workspace, with my approval',
    {
      kind: 'writeOutside',
      path: '../practice-note.txt',
      content: 'Written by the practice model, with your approval.',
    },
  ],
  ['write "hi" to /var/a.txt outside the workspace', { kind: 'writeOutside', path: '/var/a.txt', content: 'hi' }],

  ['continue', { kind: 'again' }],
  ['Go on, please.', about],
  ['try again!', { kind: 'again' }],

  ['', about],
  ['hello', about],
  ['who are you?', about],
  ['What is the capital of France?', about],
  ['write a poem about node.js', about],
  ['write a test for src/cart.js', about],
])('%j', (prompt, intent) => {
  expect(parseIntent(prompt)).toEqual(intent);
});
