/**
 * What the reference calls the shapes of a method, where its own rule (`thread/start` -> `ThreadStart`) does not give
 * the name: taken from the files that its `app-server generate-json-schema` prints.
 */
const STEMS: Readonly<Record<string, string>> = {
  'account/login/cancel': 'CancelLoginAccount',
  'account/login/start': 'LoginAccount',
  'account/logout': 'LogoutAccount',
  'account/read': 'GetAccount',
  'account/bedrock/checkGovCloudRequirements': 'BedrockCheckGovCloudRequirements',
  'account/chatgptAuthTokens/refresh': 'ChatgptAuthTokensRefresh',
  'account/rateLimits/read': 'GetAccountRateLimits',
  'account/usage/read': 'GetAccountTokenUsage',
  'item/agentMessage/delta': 'AgentMessageDelta',
  'item/commandExecution/outputDelta': 'CommandExecutionOutputDelta',
  'item/commandExecution/requestApproval': 'CommandExecutionRequestApproval',
  'item/commandExecution/terminalInteraction': 'TerminalInteraction',
  'item/fileChange/requestApproval': 'FileChangeRequestApproval',
  'item/reasoning/summaryPartAdded': 'ReasoningSummaryPartAdded',
  'item/reasoning/summaryTextDelta': 'ReasoningSummaryTextDelta',
  'item/reasoning/textDelta': 'ReasoningTextDelta',
  'item/tool/call': 'DynamicToolCall',
  'item/tool/requestUserInput': 'ToolRequestUserInput',
  'config/mcpServer/reload': 'McpServerRefresh',
  'mcpServerStatus/list': 'ListMcpServerStatus',
  'thread/compacted': 'ContextCompacted',
  'thread/name/set': 'ThreadSetName',
};

/** Answers that several methods of the reference share. */
const RESPONSES: Readonly<Record<string, string>> = {
  'config/value/write': 'ConfigWriteResponse',
  'config/batchWrite': 'ConfigWriteResponse',
};

/** Methods that the reference calls experimental and that this daemon may answer (protocol.md section 9, the star). */
const EXPERIMENTAL: ReadonlySet<string> = new Set([
  'account/bedrock/checkGovCloudRequirements',
  'collaborationMode/list',
  'server/diagnostics',
  'thread/backgroundTerminals/clean',
  'thread/backgroundTerminals/list',
  'thread/backgroundTerminals/terminate',
  'thread/items/read',
  'thread/queue/add',
  'thread/queue/delete',
  'thread/queue/list',
  'thread/queue/reorder',
  'thread/queue/start',
  'thread/queue/update',
  'thread/readState/update',
  'thread/search',
  'thread/searchOccurrences',
  'thread/settings/update',
  'turn/settings/update',
  'process/kill',
  'process/resizePty',
  'process/spawn',
  'process/writeStdin',
  'fuzzyFileSearch/sessionStart',
  'fuzzyFileSearch/sessionStop',
  'fuzzyFileSearch/sessionUpdate',
]);

/** Methods of our own: no program written for the reference knows them. */
const OURS =
  /^(daemon|presence|approval|modelProvider)\/|^account\/state$|^config\/trust\/|^thread\/(attach|snapshot|queue\/changed)$|^account\/logout\/plan$/;

/** Whether a method is only printed when everything is asked for. */
export const isExperimental = (method: string): boolean => EXPERIMENTAL.has(method) || OURS.test(method);

/** Where the shapes of a method are printed: the reference keeps what is older than its second version apart. */
export function folderOf(method: string): '' | 'v1' | 'v2' {
  if (method === 'initialize') return 'v1';
  return /^(fuzzyFileSearch|getAuthStatus)/.test(method) ? '' : 'v2';
}

/** Beginning of the names of a method's shapes. */
export function stemOf(method: string): string {
  return STEMS[method] ?? method.split('/').map(capital).join('');
}

export const responseName = (method: string): string => RESPONSES[method] ?? `${stemOf(method)}Response`;

/** `thread` -> `Thread`. */
export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
