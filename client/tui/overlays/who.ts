import type { Presence } from '../../../machines/protocol/types/thread.ts';
import type { Model } from '../model.ts';
import { ago, clientName, duration, sandboxName } from '../view/describe.ts';
import { type Line, row, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import type { Overlay } from './overlay.ts';
import { createTextScreen } from './text-screen.ts';

/** Who is attached to the thread: from which terminal, since when, idle how long, and what each may do unasked. */
export function createWho(presence: readonly Presence[], model: Model): Overlay {
  return createTextScreen('who', [
    row('Attached', 'title'),
    ...presence.flatMap((client) => clientLines(client, model)),
  ]);
}

function clientLines(client: Presence, { clientId, nowMs }: Model): Line[] {
  const { role, attachedAtMs, lastActiveAtMs, ownPolicy } = client;
  const isOwn = client.clientId === clientId ? ', this one' : '';
  const field = (name: string, value: string): Line => [
    span(`    ${name.padEnd(8)} `, 'dim'),
    span(sanitizeRow(value)),
  ];
  const own = [
    ...(ownPolicy?.approvalPolicy ? [`asks ${ownPolicy.approvalPolicy}`] : []),
    ...(ownPolicy?.sandboxPolicy ? [sandboxName(ownPolicy.sandboxPolicy)] : []),
  ];
  return [
    row(`  ${clientName(client)}${isOwn}`, 'bold'),
    field('role', role),
    field('since', ago(nowMs - attachedAtMs)),
    field('idle', duration(nowMs - lastActiveAtMs)),
    ...(own.length === 0 ? [] : [field('own', `${own.join(', ')} (its own turns only)`)]),
  ];
}
