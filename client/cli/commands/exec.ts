import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { checkAgainst } from '../../../machines/protocol/define.ts';
import type { ReviewTarget } from '../../../machines/protocol/methods/review.ts';
import { threadResume, threadStart } from '../../../machines/protocol/methods/thread.ts';
import { threadFork } from '../../../machines/protocol/methods/thread-store.ts';
import type { UserInput } from '../../../machines/protocol/types/item.ts';
import { type SandboxMode, sandboxMode } from '../../../machines/protocol/types/policy.ts';
import type { DaemonLink } from '../../connection/link.ts';
import { isFarAddress } from '../../connection/place.ts';
import type { Cli } from '../cli.ts';
import { CliError, errorLine } from '../cli-error.ts';
import { daemonPid, EXEC_GIVE_UP_MS, openWorkLink } from '../cli-link.ts';
import { type CliContext, say } from '../context.ts';
import { jsonOutput, type OpenedThread, openAnswerFile, plainOutput } from '../exec-output.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { newestUsedThread, resolveThreadId } from '../find-thread.ts';
import { addThreadOptions, type CliOptions, optionsOf, overridesOf } from '../options.ts';
import type { ColorChoice } from '../paint.ts';
import { readPrompt } from '../prompt.ts';
import { checkFolder } from '../repo-check.ts';
import { runExec } from '../run-exec.ts';
import { configWith, withAddedDirs } from '../thread-overrides.ts';

export interface ExecOptions extends CliOptions {
  readonly json?: boolean;
  readonly experimentalJson?: boolean;
  readonly outputLastMessage?: string;
  readonly skipGitRepoCheck?: boolean;
  readonly ephemeral?: boolean;
  readonly color?: ColorChoice;
  readonly image?: readonly string[];
  readonly outputSchema?: string;
}

/** Which thread to run in; `last` is the newest one, of this folder or of all. */
export type ExecTarget =
  | { readonly kind: 'new' }
  | { readonly kind: 'thread'; readonly given: string }
  | { readonly kind: 'last'; readonly ofAllFolders: boolean }
  /** A copy of that thread. */
  | { readonly kind: 'fork'; readonly given: string };

/** A prompt (an argument, or stdin), or what to review. */
export type ExecWork =
  | { readonly prompt: string | undefined }
  | { readonly review: ReviewTarget; readonly shown: string };

/** `codex exec`, `codex exec resume` and `codex exec fork` (agent.md §11). */
export function execCommand(cli: Cli): Command {
  const exec = addExecOptions(new Command('exec'))
    .alias('e')
    .description('run one prompt without a terminal interface')
    .argument('[prompt]', 'the prompt; `-` or nothing reads it from stdin')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Examples:
  codex exec "explain what this project does"
  git diff | codex exec "review this"
  codex exec --json -s workspace-write "fix the failing test" > events.jsonl
  codex exec resume --last "now add a test"

The answer goes to stdout, everything else to stderr. Exit status: 0 the turn completed, 1 it failed, 2 wrong usage.`,
    )
    .action(async (prompt: string | undefined, _options, command: Command) => {
      cli.finish(await execOrExplain(cli.context, optionsOf(command), { kind: 'new' }, { prompt }));
    });
  return exec.addCommand(execResumeCommand(cli)).addCommand(execForkCommand(cli));
}

function execForkCommand(cli: Cli): Command {
  return addExecOptions(new Command('fork'))
    .description('run one prompt in a copy of a thread')
    .argument('<thread>', 'id, beginning of an id, or name of the thread')
    .argument('[prompt]', 'the prompt; `-` or nothing reads it from stdin')
    .addHelpText('after', '\nExamples:\n  codex exec fork 0199c2 "try it another way"')
    .action(async (thread: string, prompt: string | undefined, _options, command: Command) => {
      cli.finish(await execOrExplain(cli.context, optionsOf(command), { kind: 'fork', given: thread }, { prompt }));
    });
}

function execResumeCommand(cli: Cli): Command {
  return addExecOptions(new Command('resume'))
    .description('run one prompt in a thread that exists')
    .argument('[thread]', 'id, beginning of an id, or name of the thread')
    .argument('[prompt]', 'the prompt; `-` or nothing reads it from stdin')
    .option('--last', 'the newest thread of this folder')
    .option('--all', 'with --last: the newest thread of all folders')
    .addHelpText(
      'after',
      `
Examples:
  codex exec resume --last "go on"
  codex exec resume 0199c2 "and now the tests"`,
    )
    .action(async (thread: string | undefined, prompt: string | undefined, _options, command: Command) => {
      const options = optionsOf(command);
      const wantsLast = options.last === true || options.all === true;
      if (!wantsLast && thread === undefined) throw new CliError('say which thread: an id, or --last', exitCodes.usage);
      const target: ExecTarget = wantsLast
        ? { kind: 'last', ofAllFolders: options.all === true }
        : { kind: 'thread', given: thread ?? '' };
      const text = wantsLast && prompt === undefined ? thread : prompt;
      cli.finish(await execOrExplain(cli.context, options, target, { prompt: text }));
    });
}

function addExecOptions(command: Command): Command {
  const commaList = (value: string, before: readonly string[] = []) => [...before, ...value.split(',')];
  return addRunOptions(command)
    .option('-i, --image <file>', 'add an image to the prompt (repeatable, or comma-separated)', commaList)
    .option('--output-schema <file>', 'JSON Schema that the answer has to fit');
}

/** The options of everything that runs one turn and prints its answer. */
export function addRunOptions(command: Command): Command {
  return addThreadOptions(command)
    .option('--json', 'print events as JSON lines')
    .addOption(new Option('--experimental-json').hideHelp())
    .option('-o, --output-last-message <file>', 'write the answer to this file')
    .option('--skip-git-repo-check', 'also work outside a git repository')
    .option('--ephemeral', 'do not keep the thread')
    .addOption(new Option('--color <when>', 'colours on stderr').choices(['auto', 'always', 'never']));
}

/** Runs a prompt, or a review, and says in one line why it could not. */
export async function execOrExplain(
  context: CliContext,
  options: ExecOptions,
  target: ExecTarget,
  work: ExecWork,
): Promise<ExitCode> {
  try {
    return await exec(context, options, target, work);
  } catch (error) {
    say(context, `ERROR: ${errorLine(error)}`);
    return error instanceof CliError ? error.exitCode : exitCodes.failed;
  }
}

async function exec(context: CliContext, options: ExecOptions, target: ExecTarget, work: ExecWork) {
  const outputSchema = readSchema(options.outputSchema, context.cwd);
  const review = 'review' in work ? work.review : undefined;
  const prompt = 'review' in work ? work.shown : await readPrompt(context, work.prompt);
  const outputFile = options.outputLastMessage;
  const answered = openAnswerFile(outputFile === undefined ? undefined : resolve(context.cwd, outputFile));
  const { link, cwd } = await openWorkLink(context, options, { name: 'codex-exec', giveUpAfterMs: EXEC_GIVE_UP_MS });
  try {
    const opened = await openThread(context, link, options, target, cwd);
    for (const notice of opened.notices ?? []) say(context, notice);
    const isJson = options.json === true || options.experimentalJson === true;
    const output = isJson ? jsonOutput(context) : plainOutput(context, options.color ?? 'auto', await daemonPid(link));
    const images = (options.image ?? []).map((file) => ({
      type: 'localImage' as const,
      path: resolve(context.cwd, file),
    }));
    const input: UserInput[] = [...images, { type: 'text', text: prompt }];
    return await runExec(context, { link, opened, input, outputSchema, review, output, answered });
  } finally {
    link.close();
  }
}

async function openThread(
  context: CliContext,
  link: DaemonLink,
  options: ExecOptions,
  target: ExecTarget,
  cwd: string,
): Promise<OpenedThread> {
  const ownKeys = overridesOf(options);
  const config = await configWith(link, ownKeys, cwd);
  const given = withAddedDirs(ownKeys, options, cwd, config);
  const isHere = options.remote === undefined || !isFarAddress(options.remote);
  if (isHere && !options.skipGitRepoCheck && !options.dangerouslyBypassApprovalsAndSandbox) checkFolder(cwd, config);
  // Neither is remembered from the thread's last run, and nobody is there to be asked (agent.md §11).
  const approvalPolicy = options.askForApproval ?? ('never' as const);
  const overrides = { ...given, cwd, approvalPolicy, sandbox: given.sandbox ?? sandboxOf(config) };
  const asNew = { ephemeral: options.ephemeral === true, threadSource: 'exec' };
  const threadId = await threadIdOf(link, target, cwd);
  if (threadId !== null) {
    const stored = { threadId, excludeTurns: true, ...overrides };
    return target.kind === 'fork'
      ? link.request(threadFork, { ...stored, ...asNew })
      : link.request(threadResume, stored);
  }
  if (target.kind === 'last') say(context, 'there is no thread to resume here; starting a new one');
  return link.request(threadStart, { ...overrides, ...asNew });
}

async function threadIdOf(link: DaemonLink, target: ExecTarget, cwd: string): Promise<string | null> {
  if (target.kind === 'new') return null;
  if (target.kind !== 'last') return resolveThreadId(link, target.given);
  return (await newestUsedThread(link, target.ofAllFolders ? undefined : cwd))?.id ?? null;
}

/** The configured mode, else the usual one: that of a folder that the user trusts, or the safest. */
function sandboxOf(config: Readonly<Record<string, unknown>>): SandboxMode {
  const checked = checkAgainst(sandboxMode, config.sandbox_mode);
  if (checked.ok) return checked.value as SandboxMode;
  const { level } = (config.trust ?? {}) as { readonly level?: unknown };
  return level === 'trusted' ? 'workspace-write' : 'read-only';
}

function readSchema(path: string | undefined, cwd: string): unknown {
  if (path === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(resolve(cwd, path), 'utf8'));
  } catch (error) {
    throw new CliError(`--output-schema: cannot use ${path}: ${errorLine(error)}`);
  }
}
