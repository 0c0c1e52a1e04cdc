import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseTestReport } from '../../../../../daemon/model/practice/looking/test-report.ts';
import { makeFolder } from '../practice-session.ts';

/** The real output of the example's tests. */
function runExample(cwd: string, reporter: string): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    const args = ['--test', `--test-reporter=${reporter}`];
    execFile(process.execPath, args, { cwd, env, timeout: 20_000 }, (_error, stdout) => resolve(stdout));
  });
}

test.each(['tap', 'spec'])('reads the report of the example in the form of %s', async (reporter) => {
  const { cwd, remove } = await makeFolder({ copy: true });
  const report = parseTestReport(await runExample(cwd, reporter), cwd);
  await remove();

  expect({ passed: report.passed, failed: report.failed }).toEqual({ passed: 3, failed: 3 });
  expect(report.failures.map(({ name, file, line }) => ({ name, file, line }))).toEqual([
    { name: 'the subtotal counts every line of the cart', file: 'test/cart.test.js', line: 16 },
    { name: 'the total takes the discount off', file: 'test/cart.test.js', line: 25 },
    { name: 'the receipt ends with what is to be paid', file: 'test/receipt.test.js', line: 15 },
  ]);
  expect(report.failures[0]).toMatchObject({ expected: '720', actual: '540' });
});

test.each([
  { output: '===== 2 failed, 5 passed in 0.1s =====', passed: 5, failed: 2 },
  { output: 'test result: FAILED. 3 passed; 1 failed; 0 ignored', passed: 3, failed: 1 },
  { output: 'nothing of the kind', passed: null, failed: null },
])('reads the totals of other runners: $output', ({ output, passed, failed }) => {
  expect(parseTestReport(output, null)).toEqual({ passed, failed, failures: [] });
});
