import { createModelClient, type ModelClientOptions } from '../../../daemon/model/openai-client.ts';
import { buildRequestBody } from '../../../daemon/model/request.ts';
import { ModelError, type ModelFailure } from '../../../machines/model/failure.ts';
import type { ModelEvent } from '../../../machines/model/model-event.ts';
import { findModel } from '../../../machines/model/models.ts';
import { parseProvider } from '../../../machines/model/provider.ts';
import { textMessage } from '../../../machines/model/response-item.ts';
import { createEagerClock, type EagerClock } from './clocks.ts';

export const THREAD_ID = '01a2037f-1b61-7983-aed7-d60c9ea233d3';

export const modelRequest = {
  threadId: THREAD_ID,
  body: buildRequestBody({
    model: findModel('gpt-5.5'),
    instructions: 'You are a coding agent.',
    input: [textMessage('user', 'do it')],
    tools: [],
    threadId: THREAD_ID,
  }),
};

export interface Outcome {
  readonly events: readonly ModelEvent[];
  /** Null when the iteration ended without an error. */
  readonly failure: ModelFailure | null;
}

export interface Rig {
  readonly clock: EagerClock;
  /** Reads one response to its end. */
  run(signal?: AbortSignal): Promise<Outcome>;
}

/** A client of a server, on a clock whose back-offs take no time. */
export function createRig(
  baseUrl: string,
  entry: Readonly<Record<string, unknown>> = {},
  options: Partial<ModelClientOptions> = {},
): Rig {
  const clock = createEagerClock();
  const client = createModelClient({ ...clientOptions(baseUrl, entry), clock, ...options });
  return {
    clock,
    run: (signal = new AbortController().signal) => readAll(client.stream(modelRequest, { signal })),
  };
}

export function clientOptions(baseUrl: string, entry: Readonly<Record<string, unknown>> = {}): ModelClientOptions {
  return {
    provider: parseProvider('fake', { base_url: baseUrl, env_key: 'FAKE_KEY', ...entry }),
    env: { FAKE_KEY: 'sk-fake-key' },
    getAuth: async () => ({ kind: 'none' }),
    clock: createEagerClock(),
    random: () => 0.5,
    userAgent: 'codex_exec/0.1.0 (Linux; x64) unknown',
    originator: 'codex_exec',
  };
}

export async function readAll(stream: AsyncIterable<ModelEvent>): Promise<Outcome> {
  const events: ModelEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { events, failure: error.failure };
  }
  return { events, failure: null };
}
