import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { splitLines } from '../../client/connection/lines.ts';
import { VERSION } from '../../machines/core/version.ts';
import { daemonRequests } from '../../machines/protocol/index.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { initialize } from '../../machines/protocol/methods/initialize.ts';
import { Peer } from '../../machines/protocol/peer.ts';
import { type BuiltScene, codexProgram } from './built-scene.ts';
import { withLimit } from './start-daemon.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

/** Another program that speaks JSON lines with `codex app-server`, as an editor does. */
export interface PipeClient {
  readonly peer: Peer;
  readonly child: ChildProcess;
  /** Lines that were no messages. */
  readonly odd: readonly string[];
  /** The first notification that fits, from now or before. */
  notified(method: string): Promise<NotificationMessage>;
  /** Ends the input. */
  end(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Starts it and says hello. @param onAsk answers what the daemon asks */
export async function startPipeClient(
  scene: BuiltScene,
  args: readonly string[] = [],
  onAsk: (method: string, params: unknown) => unknown = () => ({ decision: 'decline' }),
): Promise<PipeClient> {
  const child = spawn(process.execPath, [codexProgram, 'app-server', ...args], {
    cwd: scene.temp.workspace,
    env: scene.env({ MARKED: 'by the pipe' }),
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const notifications: NotificationMessage[] = [];
  const odd: string[] = [];
  const looks = new Set<() => void>();
  const peer = new Peer({
    transport: {
      send: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
      close: () => child.stdin.end(),
    },
    definitionOf: (method) => Object.entries(daemonRequests).find(([name]) => name === method)?.[1],
    answer: onAsk,
    notified: (message) => {
      notifications.push(message);
      for (const look of [...looks]) look();
    },
  });
  const take = splitLines((line) => {
    if (!peer.receive(JSON.parse(line))) odd.push(line);
  });
  child.stdout.on('data', take);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.on('close', (code) => {
      peer.close(stderr);
      resolve({ code, stderr });
    });
  });
  const clientInfo = { name: 'an-editor', version: VERSION };
  await withLimit(
    peer.request(initialize, { clientInfo, capabilities: { experimentalApi: true } }),
    WAIT_LIMIT_MS,
    'a hello',
  );
  return {
    peer,
    child,
    odd,
    end: () => child.stdin.end(),
    ended: withLimit(ended, WAIT_LIMIT_MS, 'the proxy to end'),
    notified: (method) => {
      const found = new Promise<NotificationMessage>((resolve) => {
        const look = () => {
          const message = notifications.find((one) => one.method === method);
          if (!message) return;
          looks.delete(look);
          resolve(message);
        };
        looks.add(look);
        look();
      });
      return withLimit(found, WAIT_LIMIT_MS, method);
    },
  };
}
