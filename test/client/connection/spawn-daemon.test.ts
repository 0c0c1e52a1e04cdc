import { expect, test } from 'vitest';
import { daemonEnvironment } from '../../../client/connection/spawn-daemon.ts';

test('a daemon is started without the keys, passwords and proxies of a shell', () => {
  const kept = {
    PATH: '/bin',
    HOME: '/home/me',
    LANG: 'C.UTF-8',
    CODEX_HOME: '/home/me/.codex',
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus',
    XDG_RUNTIME_DIR: '/run/user/1',
    SSL_CERT_FILE: '/etc/cert.pem',
  };
  const left = ['CODEX_API_KEY', 'OPENAI_API_KEY', 'CODEX_ACCESS_TOKEN', 'CODEX_REMOTE_TOKEN', 'AWS_SECRET_ACCESS_KEY'];
  const names = [...left, 'PGPASSWORD', 'GOOGLE_APPLICATION_CREDENTIALS', 'https_proxy', 'ALL_PROXY', 'NO_PROXY'];
  const secrets = Object.fromEntries(names.map((name) => [name, 'secret']));
  expect(daemonEnvironment({ ...kept, ...secrets })).toEqual(kept);
});
