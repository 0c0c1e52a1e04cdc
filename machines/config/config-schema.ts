import * as v from 'valibot';
import { approvalPolicy, sandboxMode } from '../protocol/types/policy.ts';
import { type ConfigTable, isTable } from './merge-config.ts';

/**
 * The keys of `config.toml` that this program reads (agent.md §13). Unknown keys pass: the file is shared with the
 * reference. Every message below is the second half of a sentence that starts with the key.
 */
const text = v.string('must be a text');
const filled = v.pipe(text, v.regex(/\S/, 'must not be empty'));
const flag = v.boolean('must be true or false');
const texts = v.array(text, 'must be a list of texts');
const textTable = v.pipe(v.custom<ConfigTable>(isTable, 'must be a table of texts'), v.record(v.string(), text));
const anyTable = v.custom<ConfigTable>(isTable, 'must be a table');
const tableOfTables = v.pipe(anyTable, v.record(v.string(), anyTable));
const whole = (min: number) =>
  v.pipe(
    v.number(`must be a whole number, ${min} or more`),
    v.integer(`must be a whole number, ${min} or more`),
    v.minValue(min, `must be a whole number, ${min} or more`),
  );

function oneOf<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, ({ received }) => `must be one of ${quoted(options)}, not ${received}`);
}

function quoted(options: readonly string[]): string {
  return options.map((option) => `"${option}"`).join(', ');
}

function table<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(anyTable, v.looseObject(entries));
}

/** A `granular` table (which kinds of question may be shown) is read as `on-request`, which shows them all. */
const approval = v.union(
  [
    oneOf(approvalPolicy.options),
    v.pipe(
      v.custom<ConfigTable>((input) => isTable(input) && isTable(input.granular)),
      v.transform(() => 'on-request' as const),
    ),
  ],
  ({ received }) => `must be one of ${quoted(approvalPolicy.options)} or a granular table, not ${received}`,
);

const sandboxWorkspaceWrite = table({
  writable_roots: v.optional(texts),
  network_access: v.optional(flag),
  exclude_tmpdir_env_var: v.optional(flag),
  exclude_slash_tmp: v.optional(flag),
});

const shellEnvironmentPolicy = table({
  inherit: v.optional(oneOf(['all', 'core', 'none'])),
  ignore_default_excludes: v.optional(flag),
  exclude: v.optional(texts),
  include_only: v.optional(texts),
  set: v.optional(textTable),
});

const project = table({ trust_level: v.optional(oneOf(['trusted', 'untrusted'])) });

const approvalMode = oneOf(['approve', 'auto', 'prompt']);
const seconds = v.pipe(v.number('must be a number of seconds, above 0'), v.gtValue(0, 'must be above 0'));

/** Started or reached by `machines/mcp/mcp-launch.ts`, which says what is missing. */
const mcpServer = table({
  command: v.optional(text),
  args: v.optional(texts),
  env: v.optional(textTable),
  /** Variables of the client to pass on. */
  env_vars: v.optional(v.array(v.union([text, table({ name: text })], 'must be a list of names'), 'must be a list')),
  cwd: v.optional(text),
  url: v.optional(text),
  bearer_token_env_var: v.optional(text),
  http_headers: v.optional(textTable),
  /** Header -> variable of the client. */
  env_http_headers: v.optional(textTable),
  /** What to ask for when a person signs in, and with which client and resource. */
  scopes: v.optional(texts),
  oauth: v.optional(table({ client_id: v.optional(text), callback_url: v.optional(text) })),
  oauth_resource: v.optional(text),
  enabled: v.optional(flag),
  required: v.optional(flag),
  startup_timeout_sec: v.optional(seconds),
  startup_timeout_ms: v.optional(whole(1)),
  tool_timeout_sec: v.optional(seconds),
  enabled_tools: v.optional(texts),
  disabled_tools: v.optional(texts),
  default_tools_approval_mode: v.optional(approvalMode),
  tools: v.optional(v.pipe(anyTable, v.record(v.string(), table({ approval_mode: v.optional(approvalMode) })))),
});

export const configSchema = table({
  model: v.optional(filled),
  model_provider: v.optional(filled),
  /** Entries are checked where a provider is made of them (machines/model/provider.ts). */
  model_providers: v.optional(tableOfTables),
  openai_base_url: v.optional(text),
  chatgpt_base_url: v.optional(text),
  /** Newer models have efforts of their own, and the server names those that it takes. */
  model_reasoning_effort: v.optional(filled),
  model_reasoning_summary: v.optional(oneOf(['auto', 'concise', 'detailed', 'none'])),
  model_verbosity: v.optional(oneOf(['low', 'medium', 'high'])),
  model_context_window: v.optional(whole(1)),
  model_auto_compact_token_limit: v.optional(whole(1)),
  tool_output_token_limit: v.optional(whole(1)),
  model_instructions_file: v.optional(text),
  developer_instructions: v.optional(text),
  compact_prompt: v.optional(text),
  include_environment_context: v.optional(flag),
  include_permissions_instructions: v.optional(flag),
  approval_policy: v.optional(approval),
  sandbox_mode: v.optional(oneOf(sandboxMode.options)),
  sandbox_workspace_write: v.optional(sandboxWorkspaceWrite),
  shell_environment_policy: v.optional(shellEnvironmentPolicy),
  allow_login_shell: v.optional(flag),
  /** Milliseconds. */
  background_terminal_max_timeout: v.optional(whole(0)),
  project_doc_max_bytes: v.optional(whole(0)),
  project_doc_fallback_filenames: v.optional(texts),
  project_root_markers: v.optional(texts),
  projects: v.optional(v.pipe(anyTable, v.record(v.string(), project))),
  history: v.optional(table({ persistence: v.optional(oneOf(['save-all', 'none'])), max_bytes: v.optional(whole(0)) })),
  tui: v.optional(
    table({
      notifications: v.optional(v.union([flag, texts], 'must be true, false or a list of texts')),
      theme: v.optional(text),
      animations: v.optional(flag),
    }),
  ),
  /** Ours: the daemon's own settings. */
  daemon: v.optional(
    table({
      idle_exit_minutes: v.optional(whole(0)),
      control_socket: v.optional(flag),
      max_frame_bytes: v.optional(whole(1024)),
      max_connections: v.optional(whole(1)),
      max_requests_in_flight: v.optional(whole(1)),
      max_subscriptions: v.optional(whole(1)),
      max_queued_prompts: v.optional(whole(0)),
      max_queued_bytes: v.optional(whole(0)),
      slow_client_bytes: v.optional(whole(1024)),
      stuck_client_seconds: v.optional(whole(1)),
      unload_after_seconds: v.optional(whole(1)),
    }),
  ),
  features: v.optional(anyTable),
  skills: v.optional(
    table({
      config: v.optional(
        v.array(
          table({ path: v.optional(text), name: v.optional(text), enabled: v.optional(flag) }),
          'must be a list of tables',
        ),
      ),
    }),
  ),
  mcp_servers: v.optional(v.pipe(anyTable, v.record(v.string(), mcpServer))),
  mcp_oauth_callback_port: v.optional(whole(0)),
  mcp_oauth_credentials_store: v.optional(oneOf(['auto', 'file', 'keyring'])),
  notify: v.optional(texts),
  hide_agent_reasoning: v.optional(flag),
  show_raw_agent_reasoning: v.optional(flag),
  service_tier: v.optional(text),
  cli_auth_credentials_store: v.optional(oneOf(['file', 'keyring', 'auto', 'ephemeral'])),
  forced_chatgpt_workspace_id: v.optional(v.union([text, v.array(text)])),
  forced_login_method: v.optional(oneOf(['chatgpt', 'api'])),
});

/** The checked configuration: names as in `config.toml`, unknown keys kept. */
export type Config = v.InferOutput<typeof configSchema>;

/** What is wrong with one value: the key as it stands in the file, and the rest of the sentence. */
export interface ConfigProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** Checks one layer or a merged table. The first problem only: a person mends one line at a time. */
export function checkConfig(raw: unknown): { readonly config: Config } | { readonly problem: ConfigProblem } {
  const result = v.safeParse(configSchema, raw);
  if (result.success) return { config: result.output };
  const issue = result.issues[0];
  const path = (issue.path ?? []).map((part) => String(part.key));
  return { problem: { path, message: `${formatKey(path)} ${issue.message}` } };
}

/** A key path as it is written in TOML: parts that are no bare keys are quoted. */
export function formatKey(path: readonly string[]): string {
  return path.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part))).join('.');
}
