import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { ConnectOptions, DaemonClient } from './daemon-client.ts';
import {
  assertValidRequest,
  type FakeOpenai,
  type RecordedRequest,
  type Step,
  startFakeOpenai,
} from './fake-openai.ts';
import { type DaemonOptions, type DaemonProcess, leftovers, startDaemon } from './start-daemon.ts';
import { makeTempHome, type ProviderConfig, type TempHome, writeProviderConfig } from './temp-home.ts';

export interface SceneOptions {
  readonly script?: readonly Step[] | ((request: RecordedRequest) => Step);
  readonly config?: ProviderConfig;
  readonly daemon?: DaemonOptions;
  /** Runs before the daemon starts. */
  readonly prepare?: (temp: TempHome) => void;
  /** Folders between the root and the home. */
  readonly below?: string;
}

/** A home, a scripted model server, and a real daemon between them. */
export interface Scene {
  readonly temp: TempHome;
  readonly openai: FakeOpenai;
  /** The daemon that runs now. */
  daemon: DaemonProcess;
  connect(options?: ConnectOptions): Promise<DaemonClient>;
  /** Starts the next daemon, after a stop or a kill. */
  start(options?: DaemonOptions): Promise<DaemonProcess>;
}

/**
 * Sets a scene for one test. When the test is over the daemon is stopped, and the test fails if it left a process or
 * a file behind, if the script did not fit, or if a request to the model was not valid.
 */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const temp = makeTempHome(options.below);
  const openai = await startFakeOpenai(options.script ?? []);
  writeProviderConfig(temp.home, openai.baseUrl, options.config);
  options.prepare?.(temp);
  const clients: DaemonClient[] = [];
  const scene: Scene = {
    temp,
    openai,
    daemon: await startDaemon(temp, options.daemon),
    connect: async (connectOptions) => {
      const client = await scene.daemon.connect(connectOptions);
      clients.push(client);
      return client;
    },
    start: async (daemonOptions) => {
      scene.daemon = await startDaemon(temp, daemonOptions ?? options.daemon);
      return scene.daemon;
    },
  };
  onTestFinished(async () => {
    try {
      await scene.daemon.stop();
      expect(leftovers(temp)).toEqual([]);
      expect(openai.problems).toEqual([]);
      for (const request of openai.requests) assertValidRequest(request);
    } finally {
      for (const client of clients) client.raw.socket.terminate();
      await openai.close();
      temp.remove();
    }
  });
  return scene;
}

/** A line of a thread's log. */
export type LogLine = { readonly type: string; readonly payload: Readonly<Record<string, unknown>> };

/** The path of a thread's log. */
export function logPathOf({ home }: TempHome, threadId: string): string {
  const sessions = join(home, 'sessions');
  const names = existsSync(sessions) ? readdirSync(sessions, { recursive: true, encoding: 'utf8' }) : [];
  const name = names.find((path) => path.endsWith(`-${threadId}.jsonl`));
  if (name === undefined) throw new Error(`thread ${threadId} has no log`);
  return join(sessions, name);
}

/** The lines of a thread's log; one that a crash cut is left out. */
export function logOf(temp: TempHome, threadId: string): LogLine[] {
  return readFileSync(logPathOf(temp, threadId), 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return [];
      }
    });
}
