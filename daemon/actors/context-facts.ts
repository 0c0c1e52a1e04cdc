import { basename } from 'node:path';
import type { ContextFacts } from '../../machines/context/context-items.ts';
import { writableRoots } from '../../machines/policy/sandbox.ts';
import { loadAgentsMd } from '../config/agents-md.ts';
import { findSkills } from '../skills/find-skills.ts';
import type { Thread } from '../threads/thread.ts';
import { type TurnRun, tmpdirOf } from '../threads/turn-run.ts';
import { shellOf } from '../tools/command-place.ts';

/** What the model is told about its surroundings (agent.md §2.2). */
export async function contextFacts(thread: Thread, run: TurnRun): Promise<ContextFacts> {
  const { settings, loaded, sandboxPolicy, prompt } = run;
  const { config, projectRoot } = loaded;
  const place = { cwd: settings.cwd, tmpdir: tmpdirOf(run) };
  const agentsMd = await loadAgentsMd({
    home: thread.deps.home,
    cwd: settings.cwd,
    projectRoot,
    maxBytes: config.project_doc_max_bytes,
    fallbackNames: config.project_doc_fallback_filenames,
  });
  const { skills } = await findSkills({
    home: thread.deps.home,
    userHome: prompt.environment.variables.HOME ?? null,
    cwd: settings.cwd,
    extraRoots: thread.deps.skillRoots.extra,
    config,
  });
  for (const message of agentsMd.warnings)
    thread.journal.announce({ method: 'warning', params: { threadId: thread.id, message } });
  const timezone = prompt.environment.variables.TZ || Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    baseInstructions: null,
    permissions:
      config.include_permissions_instructions === false
        ? null
        : {
            sandbox: sandboxPolicy,
            approvalPolicy: settings.approvalPolicy,
            writableRoots: [...writableRoots(sandboxPolicy, place)],
            approvedPrefixes: [],
          },
    // A reviewer plans nothing.
    mode: run.review ? 'default' : settings.mode,
    modeInstructions: run.review ? null : settings.modeInstructions,
    developerInstructions: thread.overrides.developerInstructions ?? config.developer_instructions ?? null,
    skills: skills.flatMap(({ name, description, path, enabled }) => (enabled ? [{ name, description, path }] : [])),
    agentsMd: agentsMd.text === null ? null : { folder: settings.cwd, text: agentsMd.text },
    environment:
      config.include_environment_context === false
        ? null
        : {
            cwd: settings.cwd,
            shell: basename(shellOf(run)),
            currentDate: dateIn(timezone, thread.deps.clock.now()),
            timezone,
            sandbox: sandboxPolicy,
          },
  };
}

/** YYYY-MM-DD; an unknown zone in the client's environment counts as UTC. */
function dateIn(timeZone: string, nowMs: number): string {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(nowMs);
  } catch {
    return new Date(nowMs).toISOString().slice(0, 10);
  }
}
