import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { homePaths } from '../../daemon/store/paths.ts';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { type PlainStep, type RecordedRequest, text } from '../support/fake-openai.ts';
import type { Terminal } from '../support/terminal.ts';
import { referenceProgram } from './reference-program.ts';

/** Our daemon with a scripted model, and the reference's interface to attach to it. */
export interface ReferenceScene extends BuiltScene {
  /** Starts the interface; `args` stand before the place of the daemon. */
  attach(...args: readonly string[]): Terminal;
}

/**
 * Sets a scene whose daemon runs.
 * @param answer what the model says to a prompt; the prompts by which the interface finds a title are answered here
 */
export async function referenceScene(answer: (request: RecordedRequest) => PlainStep): Promise<ReferenceScene> {
  const program = referenceProgram();
  const scene = await buildScene({
    script: (request) => (isForTitle(request) ? text('{"title":"A title"}') : answer(request)),
    config: { envKey: null, top: ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'] },
  });
  const { temp } = scene;
  await scene.run(['trust']);
  const started = await scene.run(['daemon', 'start']);
  if (started.code !== 0) throw new Error(`the daemon did not start: ${started.stderr}`);
  const home = ownHome(scene);
  const place = ['--remote', `unix://${homePaths(temp.home).socketPath}`];
  return {
    ...scene,
    attach: (...args) =>
      scene.terminal(program, [...args, ...place], { env: { CODEX_HOME: home }, columns: 120, rows: 40 }),
  };
}

/** The interface keeps its own settings apart from the daemon's: the folder is trusted, no look for a newer release. */
function ownHome({ temp }: BuiltScene): string {
  const home = join(temp.root, 'reference-home');
  mkdirSync(home);
  const lines = [
    'check_for_update_on_startup = false',
    `[projects.${JSON.stringify(temp.workspace)}]`,
    'trust_level = "trusted"',
  ];
  writeFileSync(join(home, 'config.toml'), `${lines.join('\n')}\n`);
  return home;
}

/** Each prompt of a thread without a name makes the interface ask for one, in a thread of its own (protocol.md §4.4). */
const isForTitle = ({ body }: RecordedRequest): boolean => JSON.stringify(body.text ?? null).includes('"title"');
