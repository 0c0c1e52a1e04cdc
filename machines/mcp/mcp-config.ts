import type { Config } from '../config/config-schema.ts';
import type { McpTool } from './mcp-offer.ts';

/** One `[mcp_servers.NAME]` (agent.md §13) with what holds when it says nothing. */
export type McpServerConfig = NonNullable<Config['mcp_servers']>[string];

const START_SEC = 10;
const TOOL_SEC = 60;

export const startLimitMsOf = ({ startup_timeout_sec, startup_timeout_ms }: McpServerConfig): number =>
  startup_timeout_sec === undefined ? (startup_timeout_ms ?? START_SEC * 1000) : startup_timeout_sec * 1000;

export const toolLimitMsOf = ({ tool_timeout_sec = TOOL_SEC }: McpServerConfig): number => tool_timeout_sec * 1000;

/** Whether a server's tool is offered: named among the enabled ones, when there are any, and not disabled. */
export function isToolEnabled({ enabled_tools, disabled_tools }: McpServerConfig, tool: string): boolean {
  return (enabled_tools?.includes(tool) ?? true) && !(disabled_tools?.includes(tool) ?? false);
}

/**
 * Whether a call has to be asked about (agent.md §9): the tool's own mode, the server's, else what the tool says of
 * itself. A tool that says nothing may do anything.
 */
export function needsApproval(config: McpServerConfig, { name, annotations }: McpTool): boolean {
  const mode = config.tools?.[name]?.approval_mode ?? config.default_tools_approval_mode ?? 'auto';
  if (mode !== 'auto') return mode === 'prompt';
  const { readOnlyHint, destructiveHint, openWorldHint } = annotations ?? {};
  if (readOnlyHint === true && destructiveHint !== true) return false;
  return !(destructiveHint === false && openWorldHint === false);
}
