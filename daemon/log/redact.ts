/** What stands in the place of a secret. */
const REDACTED = '[redacted]';

/** Names under which secrets travel: JSON fields, form and query parameters, environment variables. */
const SECRET_NAMES =
  'access_?token|refresh_?token|id_?token|session_?token|auth_?token|api_?key|OPENAI_API_KEY|CODEX_API_KEY|CODEX_ACCESS_TOKEN|client_?secret|code_?verifier|subject_?token|authorization_?code|password';

const RULES: readonly { readonly pattern: RegExp; readonly replacement: string }[] = [
  // `Authorization: Bearer x`, also inside JSON, and `Basic x`.
  { pattern: /\b(Bearer|Basic)(\s+)[^\s"'\\,;]+/gi, replacement: `$1$2${REDACTED}` },
  // "refresh_token":"x", with any number of backslashes before the quotes (JSON inside JSON).
  {
    pattern: new RegExp(`((?:${SECRET_NAMES})\\\\*"\\s*:\\s*\\\\*")[^"\\\\]+`, 'gi'),
    replacement: `$1${REDACTED}`,
  },
  // refresh_token=x in a query, a form, a shell line or a TOML file; and `access token: x`-like log lines.
  {
    pattern: new RegExp(`\\b(${SECRET_NAMES})(\\s*[=:]\\s*["']?)(?!\\s)[^\\s"'&,;}]+`, 'gi'),
    replacement: `$1$2${REDACTED}`,
  },
  // The parameters of a sign-in address.
  { pattern: /([?&](?:code|state|key)=)[^\s&"'#]+/gi, replacement: `$1${REDACTED}` },
  // Three dotted base64url parts, the first a JSON object: a JWT wherever it stands.
  { pattern: /\beyJ[\w-]*\.[\w-]+(?:\.[\w-]*)?/g, replacement: REDACTED },
  // OpenAI's keys and refresh tokens by their own look.
  { pattern: /\b(?:sk|rt|at|sess)[-_][\w.-]{12,}/g, replacement: REDACTED },
];

/** Secrets shorter than this are not looked for by value: they would blank ordinary words. */
const MIN_KNOWN_LENGTH = 8;

/** A text without bearer tokens, keys, JWTs and refresh tokens, and without any of `known` secrets (longer ones only). */
export function redact(text: string, known: readonly string[] = []): string {
  const secrets = known.filter((secret) => secret.length >= MIN_KNOWN_LENGTH);
  const longestFirst = [...secrets].sort((left, right) => right.length - left.length);
  const withoutKnown = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  return RULES.reduce((rest, { pattern, replacement }) => rest.replace(pattern, replacement), withoutKnown);
}

/** Parameters of a sign-in address that say nothing secret; every other value is blanked. */
const HARMLESS_PARAMETERS: ReadonlySet<string> = new Set([
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'code_challenge_method',
  'id_token_add_organizations',
  'codex_cli_simplified_flow',
  'originator',
  'allowed_workspace_id',
  'error',
]);

/** An address fit for a log: without name, password, fragment, and values that may be secret (auth.md §4). */
export function redactUrl(address: string): string {
  if (!URL.canParse(address)) return redact(address);
  const { origin, pathname, searchParams } = new URL(address);
  const query = [...searchParams].map(
    ([name, value]) => `${name}=${HARMLESS_PARAMETERS.has(name) ? encodeURIComponent(value) : REDACTED}`,
  );
  return redact(`${origin}${pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`);
}
