import type { ServerResponse } from 'node:http';

/** The pages that the browser shows at the end of a sign-in. Everything that came from outside is escaped. */

export interface LoginProblem {
  readonly title: string;
  readonly message: string;
  readonly code: string;
  readonly description: string | null;
}

export function successPage(): string {
  return page('Signed in', ['You are signed in to Codex.', 'You can close this page and go back to your terminal.']);
}

/** The same for a server whose tools are used. */
export function signedInPage(server: string): string {
  return page('Signed in', [
    `Codex is signed in to ${server}.`,
    'You can close this page and go back to your terminal.',
  ]);
}

export function problemPage({ title, message, code, description }: LoginProblem): string {
  return page(title, [message, `Code: ${code}`, ...(description ? [description] : [])]);
}

const NOT_COMPLETED = 'The sign-in could not be completed.';

/** What a redirect with `error=…` means to a person. */
export function problemOf(code: string, description: string | null): LoginProblem {
  if (code === 'access_denied' && description?.includes('missing_codex_entitlement')) {
    const why = 'Codex is not enabled for your workspace. Ask its administrator for access.';
    return { title: 'No access to Codex', message: NOT_COMPLETED, code, description: why };
  }
  return { title: 'Sign-in failed', message: NOT_COMPLETED, code, description };
}

function page(title: string, lines: readonly string[]): string {
  const body = lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n');
  const style = 'body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Answers with a line of text. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(text);
}

/** Answers with a page; its address, which may hold a code, goes no further. */
export function sendPage(response: ServerResponse, html: string): void {
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      connection: 'close',
      'referrer-policy': 'no-referrer',
    })
    .end(html);
}
