import { randomUUID } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams } from '../../machines/protocol/index.ts';
import { requireAbsolute } from '../absolute-path.ts';
import { asFileSystem, Files } from '../files/files.ts';
import { allowedPath } from '../files/refused-paths.ts';
import { redact } from '../log/redact.ts';
import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';

/** Of the end of a log. */
const LOG_BYTES = 1024 * 1024;
const MAX_EXTRA_FILES = 8;

type DiagnosticsMethods = 'server/diagnostics' | 'feedback/save';

export function diagnosticsHandlers(deps: HandlerDeps): Pick<Handlers, DiagnosticsMethods> {
  return {
    'server/diagnostics': () => ({
      process: {
        id: process.pid,
        residentMemoryBytes: process.memoryUsage.rss(),
        physicalFootprintBytes: null,
      },
      gauges: gaugesOf(deps),
    }),
    'feedback/save': async (params) => {
      const { savePath } = params;
      if (!isAbsolute(savePath)) {
        throw new RpcError('invalidRequest', 'feedback savePath must be an absolute host path');
      }
      const savedPath = requireAbsolute(savePath);
      await allowedPath(savedPath, deps.tools.hidden);
      const threadId = params.threadId ?? `no-active-thread-${randomUUID()}`;
      const report = await reportOf(deps, params, threadId);
      await writeFile(savedPath, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600, flag: 'wx' }).catch(
        asFileSystem,
      );
      return { savedPath, threadId, promptHash: null };
    },
  };
}

function gaugesOf({ broadcast: { connections }, registry }: HandlerDeps) {
  const inFlight = [...connections].reduce((sum, { peer }) => sum + peer.inFlight, 0);
  return [
    { name: 'app.requests.in_flight', value: inFlight },
    // A call is begun as it comes; nothing waits in line.
    { name: 'app.requests.queued', value: 0 },
    { name: 'daemon.connections', value: connections.size },
    { name: 'daemon.threads.loaded', value: registry.all.length },
    { name: 'daemon.threads.running', value: registry.all.filter(({ isRunning }) => isRunning).length },
  ];
}

async function reportOf(deps: HandlerDeps, params: ClientParams<'feedback/save'>, threadId: string) {
  const { home, clients, ...status } = await deps.status();
  const files = new Files(() => deps.tools.hidden);
  const extra = (params.extraLogFiles ?? []).slice(0, MAX_EXTRA_FILES).map(requireAbsolute);
  return {
    savedAt: new Date(deps.clock.now()).toISOString(),
    classification: redact(params.classification),
    reason: params.reason == null ? null : redact(params.reason),
    threadId,
    tags: Object.fromEntries(Object.entries(params.tags ?? {}).map(([name, value]) => [name, redact(value)])),
    daemon: { ...status, clients: clients.length },
    log: params.includeLogs ? redact(await endOf(status.logPath)) : null,
    extraLogFiles: await Promise.all(
      extra.map(async (path) => ({
        path,
        text: redact((await files.read(path)).subarray(-LOG_BYTES).toString('utf8')),
      })),
    ),
  };
}

/** The last of a file that grows. */
async function endOf(path: string): Promise<string> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, LOG_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}
