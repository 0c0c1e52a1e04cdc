import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openUrl } from '../../../client/cli/open-url.ts';
import { until } from '../../support/start-daemon.ts';

const ADDRESS = 'https://auth.example/oauth/authorize?state=a&scope=b%20c';

/** A folder whose openers write their argument into a file. */
function openers(): { readonly folder: string; readonly opened: string } {
  const folder = mkdtempSync(join(tmpdir(), 'codex-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const opened = join(folder, 'opened');
  for (const name of ['open', 'xdg-open']) {
    writeFileSync(
      join(folder, name),
      `#!/bin/sh\nprintf '%s' "$*" > '${opened}.part'\nmv '${opened}.part' '${opened}'\n`,
    );
    chmodSync(join(folder, name), 0o755);
  }
  return { folder, opened };
}

test('an address is given to the opener of the system, whole', async () => {
  const { folder, opened } = openers();
  openUrl(ADDRESS, { PATH: `${folder}:/usr/bin:/bin` });
  await until('the opener has run', () => existsSync(opened));
  expect(readFileSync(opened, 'utf8')).toBe(ADDRESS);
});

test('nothing but a web address is opened, and a missing opener is no error', async () => {
  const { folder, opened } = openers();
  for (const other of ['file:///etc/passwd', '--help', 'javascript:alert(1)', '']) openUrl(other, { PATH: folder });
  openUrl(ADDRESS, { PATH: '/nowhere' });
  openUrl(`${ADDRESS}&last`, { PATH: `${folder}:/usr/bin:/bin` });
  await until('the opener has run', () => existsSync(opened));
  expect(readFileSync(opened, 'utf8')).toBe(`${ADDRESS}&last`);
});
