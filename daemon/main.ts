/** Process entry: environment -> createDaemon -> exit code. */
import { closeSync, existsSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../machines/core/errors.ts';
import { createDaemon } from './daemon.ts';
import { createLogger, type Logger } from './log/logger.ts';
import { homePaths, resolveHome } from './store/paths.ts';

/** One line on stdout tells whoever started us; a service manager that gave us none does not mind. */
function tell(line: unknown): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
    if (!process.stdout.isTTY) closeSync(1);
  } catch {
    // Nobody listens.
  }
}

/** Nothing of the shell that started it may stay: folder, mask, and the score by which the kernel chooses victims. */
function becomeDaemon(): void {
  process.chdir('/');
  process.umask(0o077);
  const score = '/proc/self/oom_score_adj';
  try {
    if (existsSync(score)) writeFileSync(score, '0');
  } catch {
    // A raised score cannot always be lowered without privileges.
  }
}

async function main(): Promise<number> {
  const programs = dirname(process.argv[1] ?? '.');
  const startedBy = process.argv.includes('client') ? 'client' : 'user';
  let logger: Logger | null = null;
  try {
    becomeDaemon();
    const home = await resolveHome(process.env);
    logger = createLogger(homePaths(home).logPath);
    reportFaults(logger);
    const daemon = await createDaemon({ home, programs, startedBy, env: process.env, logger });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => daemon.stop(`got ${signal}`));
    tell({ ready: true, pid: process.pid });
    await daemon.stopped;
    return 0;
  } catch (error) {
    logger?.error('start', error);
    tell({ ready: false, error: { message: messageOf(error) } });
    process.stderr.write(`codex daemon: ${messageOf(error)}\n`);
    return 1;
  }
}

/** A fault that nobody caught is written down; the threads of all clients outlive it. */
function reportFaults(logger: Logger): void {
  process.on('uncaughtException', (error) => logger.error('uncaught', error));
  process.on('unhandledRejection', (error) => logger.error('unhandled rejection', error));
  // A limit of file sizes is an error of the write; the start lock's exit hook would make it the end of the process.
  process.on('SIGXFSZ', () => {});
}

void main().then((code) => process.exit(code));
