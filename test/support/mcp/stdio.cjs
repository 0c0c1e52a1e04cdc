// An MCP server on stdin and stdout. Flags: --journal FILE, --starts-with FILE (waits for it), --stubborn (outlives the
// end of its input and SIGTERM, and so does a child of it), --noisy (prints what is no message), --dies (ends at once).
const { spawn } = require('node:child_process');
const { appendFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
const { createAnswers } = require('./answers.cjs');

const args = process.argv.slice(2);
const flagValue = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : null);
const journal = flagValue('--journal');
if (journal) appendFileSync(journal, `start ${process.pid}\n`);
if (args.includes('--dies')) {
  process.stderr.write(`cannot go on with the key ${process.env.SECRET_KEY}\n`);
  process.exit(3);
}
if (args.includes('--stubborn')) {
  process.on('SIGTERM', () => {});
  const child = spawn('/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 60; done'], { stdio: 'ignore' });
  if (journal) appendFileSync(journal, `child ${child.pid}\n`);
}

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const answer = createAnswers({ journal, startsWith: flagValue('--starts-with'), send });
if (args.includes('--noisy')) process.stdout.write('ready to serve\n');
createInterface({ input: process.stdin }).on('line', (line) => void answer(JSON.parse(line)));
