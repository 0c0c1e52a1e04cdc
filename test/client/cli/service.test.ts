import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { launchdAgent, type ServiceFacts, systemdUnit } from '../../../client/cli/service-text.ts';
import { cleanups } from '../../support/cleanups.ts';
import { startCli } from '../../support/cli-context.ts';
import { makeClientHome } from '../../support/fake-daemon.ts';

const facts: ServiceFacts = {
  node: '/opt/node 20/bin/node',
  daemonEntry: '/opt/50%/daemon.cjs',
  home: '/home/a"b$c<d>/.codex',
  logPath: '/home/me/.codex/daemon/daemon.log',
  name: 'codex-daemon',
};

/** A home, and a service manager that writes down what it is told and fails when it is told to. */
function withManager(exitCode = 0) {
  const { env, remove } = makeClientHome();
  cleanups.push(remove);
  const bin = join(env.HOME ?? '', 'bin');
  const log = join(env.HOME ?? '', 'told.log');
  mkdirSync(bin);
  for (const name of ['systemctl', 'launchctl']) {
    const lines = ['#!/bin/sh', `echo "$@" >> ${log}`, 'echo "no manager here" >&2', `exit ${exitCode}`];
    writeFileSync(join(bin, name), `${lines.join('\n')}\n`, { mode: 0o755 });
  }
  const told = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  const run = (...args: readonly string[]) => {
    const variables = { ...env, PATH: `${bin}:${env.PATH}`, CODEX_HOME: join(env.HOME ?? '', '.codex') };
    return startCli(['daemon', ...args], { env: variables, daemonEntry: '/opt/daemon.cjs' }).done;
  };
  return { run, told };
}

describe('the file for a service manager', () => {
  test('of systemd quotes what it would replace, and does not start again what was stopped', () => {
    const unit = systemdUnit(facts);

    expect(unit).toContain('ExecStart="/opt/node 20/bin/node" "/opt/50%%/daemon.cjs" "--started-by" "user"\n');
    expect(unit).toContain('Environment="CODEX_HOME=/home/a\\"b$c<d>/.codex"\n');
    expect(unit).toContain('Restart=on-failure\n');
  });

  test('of launchd is well-formed', () => {
    const agent = launchdAgent(facts);

    expect(agent).toContain('    <string>/opt/node 20/bin/node</string>\n    <string>/opt/50%/daemon.cjs</string>\n');
    expect(agent).toContain('<string>/home/a"b$c&lt;d&gt;/.codex</string>');
    expect(agent.match(/<(?=[a-z])/g)?.length).toBe(
      (agent.match(/<\//g)?.length ?? 0) + (agent.match(/\/>/g)?.length ?? 0),
    );
  });
});

/** What this system's manager is told, and where its files lie. */
const manager =
  process.platform === 'darwin'
    ? {
        file: /\/Library\/LaunchAgents\/codex-daemon\.plist$/,
        told: [/^bootstrap gui\/\d+ .*\.plist$/, /^bootout gui\/\d+\/codex-daemon$/],
      }
    : {
        file: /\/\.config\/systemd\/user\/codex-daemon\.service$/,
        told: [
          /^--user daemon-reload$/,
          /^--user enable --now codex-daemon\.service$/,
          /^--user disable --now codex-daemon\.service$/,
          /^--user daemon-reload$/,
        ],
      };

describe('codex daemon install', () => {
  test('--print writes nothing and tells nobody', async () => {
    const { run, told } = withManager();

    const printed = await run('install', '--print');

    expect(printed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('/opt/daemon.cjs'),
    });
    expect(told()).toEqual([]);
    expect(await run('uninstall')).toMatchObject({ exitCode: 0, stdout: 'not installed\n' });
  });

  test('writes the unit and starts it; uninstall takes all of it back', async () => {
    const { run, told } = withManager();

    const installed = await run('install');
    const path = installed.stdout.trim().replace('installed ', '');
    expect(path).toMatch(manager.file);
    expect(readFileSync(path, 'utf8')).toBe((await run('install', '--print')).stdout);
    expect(await run('uninstall')).toMatchObject({ exitCode: 0, stdout: `removed ${path}\n` });

    expect(existsSync(path)).toBe(false);
    expect(told()).toEqual(manager.told.map((pattern) => expect.stringMatching(pattern)));
  });

  test('says in one line what the manager said, and what else can be done', async () => {
    const { run } = withManager(1);

    expect(await run('install')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^error: `.*ctl .*` failed: no manager here; `codex daemon install --print` prints the file, .*\n$/,
      ),
    });
  });
});
