import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface CopyExampleOptions {
  /** Folder of the shipped example; only read. */
  readonly from: string;
  /** Folder that holds the copies, made when missing: `<home>/practice`. */
  readonly into: string;
  /** Environment for git: the client's, so that its PATH holds. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const MAX_COPIES = 10_000;
const GIT_TIMEOUT_MS = 10_000;
const runFile = promisify(execFile);

/**
 * Copies the example into a fresh folder `example-<n>` and returns its path. The copy is a git repository with one
 * commit where git is to be had, and a plain folder otherwise. Rejects when the files cannot be copied.
 */
export async function copyExample({ from, into, env }: CopyExampleOptions): Promise<string> {
  await mkdir(into, { recursive: true });
  const folder = await makeFreshFolder(into);
  await copyFolder(from, folder);
  await makeRepository(folder, env);
  return folder;
}

/** Making the folder is what claims its number, so two starts at once get two folders. */
async function makeFreshFolder(into: string): Promise<string> {
  for (let number = 1; number <= MAX_COPIES; number += 1) {
    const folder = join(into, `example-${number}`);
    const isMade = await mkdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (isMade) return folder;
  }
  throw new Error(`there are ${MAX_COPIES} copies of the example in ${into}; delete some`);
}

/** Modes are not taken over: an installed example may be read-only, its copy must not be. */
async function copyFolder(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await mkdir(target);
      await copyFolder(source, target);
    } else if (entry.isFile()) {
      await copyFile(source, target);
      await chmod(target, 0o644);
    }
  }
}

/** The person's hooks, signing keys and name stay out of it: the commit is the practice model's own. */
async function makeRepository(folder: string, env: CopyExampleOptions['env']): Promise<void> {
  const own = [
    'user.name=Practice model',
    'user.email=practice@localhost',
    'commit.gpgsign=false',
    'core.hooksPath=/dev/null',
    'init.defaultBranch=main',
  ];
  const settings = own.flatMap((setting) => ['-c', setting]);
  const options = { cwd: folder, env: withoutGit(env), timeout: GIT_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
  try {
    await runFile('git', [...settings, 'init', '--quiet', '--template='], options);
    await runFile('git', [...settings, 'add', '--all'], options);
    await runFile(
      'git',
      [...settings, 'commit', '--quiet', '--no-verify', '--message', 'Add the example project'],
      options,
    );
  } catch {
    // No git, or one that will not: half a repository would confuse more than none.
    await rm(join(folder, '.git'), { recursive: true, force: true });
  }
}

/** Variables such as GIT_DIR would lead git to another repository. */
function withoutGit(env: CopyExampleOptions['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
}
