import { expect, test } from 'vitest';
import { serverOf } from '../../../daemon/handlers/account.ts';
import type { Connection } from '../../../daemon/server/connection.ts';

// auth.md §3: who asks the auth server, and with whose environment.
test.each([
  [true, 'codex_cli_rs'],
  [false, 'some-editor'],
])('a client that speaks ours: %s, is called %s', (speaksOurs, originator) => {
  const variables = { CODEX_REVOKE_TOKEN_URL_OVERRIDE: 'http://r' };
  const facts = { name: 'some-editor', version: '7', speaksOurs, environment: { cwd: '/', variables, umask: 0 } };
  // The cast: of a connection nothing but its facts is looked at.
  const server = serverOf({ facts } as unknown as Connection, '/home');
  expect(server).toMatchObject({ originator, revokeUrl: 'http://r' });
  expect(server.userAgent).toMatch(/^codex_cli_rs\/\S+ \(.+; .+\) .*\(some-editor; 7\)$/);
});
