import type { McpServerStatus } from '../../../machines/protocol/methods/mcp-server.ts';
import type { StyleName } from '../theme.ts';
import { type Line, row, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import type { Overlay } from './overlay.ts';
import { createTextScreen } from './text-screen.ts';

const STATES: Readonly<Record<McpServerStatus['runtimeStatus'], { readonly word: string; readonly style: StyleName }>> =
  {
    connected: { word: 'runs', style: 'good' },
    starting: { word: 'starts', style: 'working' },
    authenticationRequired: { word: 'wants a sign-in', style: 'warning' },
    failed: { word: 'failed', style: 'bad' },
    disabled: { word: 'disabled', style: 'dim' },
  };

/** The MCP servers of the thread: how each stands, and its tools. */
export function createMcp(servers: readonly McpServerStatus[]): Overlay {
  const none = row('  none is configured: `codex mcp add` adds one', 'dim');
  return createTextScreen('mcp', [
    row('MCP servers', 'title'),
    ...(servers.length === 0 ? [none] : servers.flatMap(serverLines)),
  ]);
}

function serverLines({
  name,
  runtimeStatus,
  authStatus,
  tools,
  toolsError,
  serverInfo,
  resources,
}: McpServerStatus): Line[] {
  const { word, style } = STATES[runtimeStatus] ?? STATES.starting;
  const version = serverInfo ? ` · ${String(serverInfo.name)} ${String(serverInfo.version)}` : '';
  const signed = authStatus === 'oAuth' ? ' · signed in' : '';
  return [
    [span(`  ${sanitizeRow(name)} `, 'bold'), span(word, style), span(sanitizeRow(`${version}${signed}`), 'dim')],
    ...(toolsError === null ? [] : [row(`    ${sanitizeRow(toolsError)}`, 'bad')]),
    ...Object.entries(tools).map(([tool, { description }]): Line => {
      const about = typeof description === 'string' ? (description.trim().split('\n')[0] ?? '') : '';
      return [span(`    ${sanitizeRow(tool)}`), span(about === '' ? '' : `  ${sanitizeRow(about)}`, 'dim')];
    }),
    ...(resources.length === 0 ? [] : [row(`    ${resources.length} resources`, 'dim')]),
  ];
}
