/** Which statecharts ARCHITECTURE.md shows, and how they get there. */
import type { AnyStateMachine } from 'xstate';
import { authMachine } from '../../machines/auth/auth-machine.ts';
import { connectionMachine } from '../../machines/connection/connection-machine.ts';
import { daemonMachine } from '../../machines/daemon/daemon-machine.ts';
import { execProcessMachine } from '../../machines/exec/exec-process-machine.ts';
import { mcpServerMachine } from '../../machines/mcp/mcp-server-machine.ts';
import { threadMachine } from '../../machines/thread/thread-machine.ts';
import { toolCallMachine } from '../../machines/thread/tool-call-machine.ts';
import { turnMachine } from '../../machines/thread/turn-machine.ts';
import { drawChart } from './draw-chart.ts';

/** The file of each machine, and the machine. */
export const machines: Readonly<Record<string, AnyStateMachine>> = {
  'machines/daemon/daemon-machine.ts': daemonMachine,
  'machines/connection/connection-machine.ts': connectionMachine,
  'machines/auth/auth-machine.ts': authMachine,
  'machines/thread/thread-machine.ts': threadMachine,
  'machines/thread/turn-machine.ts': turnMachine,
  'machines/thread/tool-call-machine.ts': toolCallMachine,
  'machines/exec/exec-process-machine.ts': execProcessMachine,
  'machines/mcp/mcp-server-machine.ts': mcpServerMachine,
};

/** Each machine's diagram, by the machine's id. */
export function charts(): ReadonlyMap<string, string> {
  return new Map(Object.values(machines).map((machine) => [machine.id, drawChart(machine)]));
}

/**
 * A text with each diagram between its two marks, `<!-- chart:ID -->` and `<!-- /chart:ID -->`.
 * @throws Error when the marks of a diagram are missing
 */
export function withCharts(text: string, diagrams: ReadonlyMap<string, string>): string {
  let result = text;
  for (const [id, diagram] of diagrams) {
    const [open, close] = [`<!-- chart:${id} -->`, `<!-- /chart:${id} -->`];
    const [start, end] = [result.indexOf(open), result.indexOf(close)];
    if (start < 0 || end < start) throw new Error(`the text has no place for the chart of ${id}: ${open} ${close}`);
    result = `${result.slice(0, start + open.length)}\n\`\`\`mermaid\n${diagram}\n\`\`\`\n${result.slice(end)}`;
  }
  return result;
}
