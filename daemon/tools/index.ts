/** The table of tools. One line each; the order is the order in which the model is offered them (agent.md §6). */
import { applyPatchTool } from './apply-patch.ts';
import type { Tool } from './define-tool.ts';
import { execCommandTool } from './exec-command.ts';
import { getGoalTool, updateGoalTool } from './goal.ts';
import { listMcpResourcesTool, listMcpResourceTemplatesTool, readMcpResourceTool } from './mcp-resources.ts';
import { requestUserInputTool } from './request-user-input.ts';
import { updatePlanTool } from './update-plan.ts';
import { viewImageTool } from './view-image.ts';
import { writeStdinTool } from './write-stdin.ts';

export const tools: readonly Tool[] = [
  execCommandTool,
  writeStdinTool,
  updatePlanTool,
  requestUserInputTool,
  applyPatchTool,
  viewImageTool,
  getGoalTool,
  updateGoalTool,
  listMcpResourcesTool,
  listMcpResourceTemplatesTool,
  readMcpResourceTool,
];
