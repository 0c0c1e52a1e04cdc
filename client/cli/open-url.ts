import { spawn } from 'node:child_process';

/**
 * Shows an address in the person's browser, if there is one: what is shown is told on the terminal too, so failing is
 * no error. The browser is the desktop's from then on. Only web addresses are opened.
 */
export function openUrl(url: string, env: Readonly<Record<string, string | undefined>>): void {
  if (!/^https?:\/\//.test(url)) return;
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { detached: true, stdio: 'ignore', cwd: '/', env: { ...env } });
  child.on('error', () => {}); // no such program: the address stands on the terminal
  child.unref();
}
