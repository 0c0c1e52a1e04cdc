/** `npm run dev`: a daemon in the foreground, in a home of its own that goes when it ends. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const home = mkdtempSync(join(tmpdir(), 'codex-dev-'));
const program = resolve('dist/codex.cjs');
process.stdout.write(
  `home: ${home}\nIn another terminal: CODEX_HOME=${home} node ${program}\nIts log: CODEX_HOME=${home} node ${program} daemon logs -f\n`,
);
const daemon = spawn(process.execPath, [program, 'daemon', 'run'], {
  stdio: 'inherit',
  env: { ...process.env, CODEX_HOME: home },
});
// Ctrl-C reaches both: the daemon drains, then this ends with its status.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => daemon.kill(signal));
daemon.on('exit', (code) => {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code ?? 1);
});
