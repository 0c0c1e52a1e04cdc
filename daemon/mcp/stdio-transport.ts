import type { McpLaunch } from '../../machines/mcp/mcp-launch.ts';
import type { Clock } from '../deps.ts';
import { OWNER_VARIABLE } from '../exec/process-ledger.ts';
import type { RunningProcess, SpawnCommand } from '../exec/spawn-command.ts';
import type { JSONRPCMessage, ReadBuffer, Transport } from './sdk.ts';

/** How long a server may take to end by itself once its input is closed; then it is killed with its family. */
const GOODBYE_MS = 500;
/** Of what it wrote to stderr, this much of the end is kept to say why it ended. */
const SAID_CHARACTERS = 2_000;

export interface StdioDeps {
  readonly spawnCommand: SpawnCommand;
  readonly clock: Clock;
  /** Names the server's process in the ledger, also when only its children are left. */
  readonly owner: string;
}

/** Lines of JSON over a child's pipes. The child leads a process group, has a line in the ledger, and no sandbox. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  private process: RunningProcess | null = null;
  private said = '';
  private exitCode: number | null = null;
  private isClosed = false;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    private readonly launch: Extract<McpLaunch, { kind: 'stdio' }>,
    private readonly deps: StdioDeps,
    private readonly buffer: ReadBuffer,
    private readonly serialize: (message: JSONRPCMessage) => string,
  ) {}

  async start(): Promise<void> {
    const { argv, cwd, env, umask, name } = this.launch;
    const { spawnCommand, owner } = this.deps;
    const process = await spawnCommand({
      threadId: owner,
      callId: name,
      argv,
      cwd,
      env: { ...env, [OWNER_VARIABLE]: owner },
      umask,
      policy: { type: 'dangerFullAccess' },
      tmpdir: null,
      hidden: [],
      tty: false,
      keepsInput: true,
      onOutput: () => undefined,
      onBytes: (channel, bytes) => (channel === 'stdout' ? this.take(bytes) : this.listen(bytes)),
    });
    this.process = process;
    this.ended = process.exited.then((exitCode) => {
      this.exitCode = exitCode;
      this.onclose?.();
    });
    if (this.isClosed) process.kill();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.process?.write(this.serialize(message))) throw new Error(this.whyEnded());
  }

  /** Settles when its process is gone. */
  async close(): Promise<void> {
    this.isClosed = true;
    const { process, deps } = this;
    if (!process) return;
    process.endInput();
    const timer = deps.clock.setTimeout(() => process.kill(), GOODBYE_MS);
    await this.ended;
    deps.clock.clearTimeout(timer);
  }

  whyEnded(): string {
    const how = this.exitCode === null ? 'it does not take anything any more' : `it ended with code ${this.exitCode}`;
    const said = this.said.trim();
    return said === '' ? how : `${how}: ${said}`;
  }

  private take(bytes: Uint8Array): void {
    for (const line of linesOf(bytes)) {
      try {
        this.buffer.append(line);
        for (let message = this.buffer.readMessage(); message !== null; message = this.buffer.readMessage())
          this.onmessage?.(message);
      } catch (error) {
        // Some servers print more than messages to stdout.
        this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  private listen(bytes: Uint8Array): void {
    this.said = (this.said + Buffer.from(bytes).toString('utf8')).slice(-SAID_CHARACTERS);
  }
}

/** One line a piece: what does not read as a message costs no other. */
function* linesOf(bytes: Uint8Array): Iterable<Buffer> {
  const buffer = Buffer.from(bytes);
  for (let start = 0; start < buffer.length; ) {
    const end = buffer.indexOf(0x0a, start);
    const next = end < 0 ? buffer.length : end + 1;
    yield buffer.subarray(start, next);
    start = next;
  }
}
