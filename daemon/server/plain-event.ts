import type { ThreadNotification } from '../../machines/protocol/index.ts';

/** An event in the reference's own shape. */
export interface PlainEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * What a client that does not speak ours is told instead of an event whose shape differs from the reference's; null:
 * the event itself. It takes the event's place in the stream, so the order stays.
 */
export function plainEvent(event: ThreadNotification): PlainEvent | null {
  if (event.method !== 'thread/queue/changed') return null;
  const { threadId } = event.params;
  return { method: event.method, params: { threadId } };
}
