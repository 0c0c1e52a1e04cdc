import type { ToolCall } from '../../machines/thread/tool-call.ts';
import type { ToolSpec } from '../model/request.ts';
import type { TurnRun } from '../threads/turn-run.ts';
import type { Tool } from './define-tool.ts';
import { dynamicSpecs, dynamicToolFor } from './dynamic-tool.ts';
import { tools } from './index.ts';
import { mcpSpecs, mcpToolFor } from './mcp-tool.ts';

/** The tools that a turn's model is offered now: ours, those of the MCP servers that run, those of the thread's client. */
export function offeredSpecs(run: TurnRun): ToolSpec[] {
  const own = [...tools.filter((tool) => tool.isOffered(run)).map((tool) => tool.spec(run)), ...mcpSpecs(run)];
  const taken = new Set([
    ...tools.map(({ name }) => name),
    ...own.flatMap((spec) => ('name' in spec ? [spec.name] : [])),
  ]);
  return [...own, ...dynamicSpecs(run, taken)];
}

/** The tool of a call; undefined: it is not offered. */
export function findTool({ name, kind }: ToolCall, run: TurnRun): Tool | undefined {
  const ours = tools.find((known) => known.name === name && known.kind === kind);
  if (ours) return ours.isOffered(run) ? ours : undefined;
  return kind === 'function' ? (mcpToolFor(name, run) ?? dynamicToolFor(name, run)) : undefined;
}
