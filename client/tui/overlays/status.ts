import type { DaemonStatus } from '../../../machines/protocol/methods/daemon.ts';
import type { TurnEnvironment } from '../../../machines/protocol/methods/environment.ts';
import { type Model, ownSettings } from '../model.ts';
import { clientName, contextLeft, duration, sandboxName, shortPath } from '../view/describe.ts';
import { type Line, row, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import type { Overlay } from './overlay.ts';
import { createTextScreen } from './text-screen.ts';

const field = (name: string, value: string): Line => [span(`  ${name.padEnd(10)} `, 'dim'), span(sanitizeRow(value))];

/** The thread, what it and this terminal's commands run with, who is attached, and the daemon. */
export function createStatus(status: DaemonStatus, environment: TurnEnvironment, model: Model): Overlay {
  return createTextScreen('status', [
    ...threadLines(model),
    row(''),
    ...commandLines(environment),
    row(''),
    row('Attached', 'title'),
    ...model.snapshot.presence.map((client) =>
      field(
        client.role,
        `${clientName(client)}${client.clientId === model.clientId ? ', this one' : ''}, idle ${duration(model.nowMs - client.lastActiveAtMs)}`,
      ),
    ),
    row(''),
    ...daemonLines(status),
  ]);
}

function threadLines(model: Model): Line[] {
  const { home, threadId } = model;
  const { tokenUsage, thread } = model.snapshot;
  const settings = ownSettings(model);
  const left = contextLeft(tokenUsage);
  const total = tokenUsage?.total;
  const tokens = total
    ? `${total.inputTokens} in (${total.cachedInputTokens} cached), ${total.outputTokens} out`
    : 'none yet';
  return [
    row('Thread', 'title'),
    field('id', threadId),
    ...(thread.name === null ? [] : [field('name', thread.name)]),
    field('model', [settings.model, settings.effort ?? ''].join(' ').trim()),
    field('provider', settings.modelProvider),
    field('folder', shortPath(settings.cwd, home)),
    field('sandbox', sandboxName(settings.sandboxPolicy)),
    field('approvals', settings.approvalPolicy),
    field('tokens', `${tokens}${left === null ? '' : `, ${left}% of the context left`}`),
  ];
}

/** What runs in a turn that this terminal starts runs as if it had been typed here. */
function commandLines({ isOwn, shell, umask, variables, withheld }: TurnEnvironment): Line[] {
  const given = `${variables.length} ${isOwn ? 'of this terminal' : "of the daemon's machine"}`;
  return [
    row('Commands of your turns', 'title'),
    field('shell', shell),
    field('umask', umask.toString(8).padStart(4, '0')),
    field('variables', withheld.length === 0 ? given : `${given}; withheld: ${withheld.join(', ')}`),
  ];
}

function daemonLines({ pid, build, state, uptimeMs, threads, clients, sandbox, socketPath }: DaemonStatus): Line[] {
  return [
    row('Daemon', 'title'),
    field('pid', String(pid)),
    field('build', build),
    field('state', `${state.replaceAll('.', ', ')}, up ${duration(uptimeMs)}`),
    field('threads', `${threads.loaded} loaded, ${threads.running} running, ${threads.waiting} waiting`),
    field('clients', String(clients.length)),
    field(
      'sandbox',
      sandbox.available ? (sandbox.kind ?? 'available') : `not available: ${sandbox.reason ?? 'unknown'}`,
    ),
    field('socket', socketPath),
  ];
}
