import * as v from 'valibot';

/** What an id token says about the account. No signature is verified: the token came from the issuer (auth.md §1). */
export interface IdClaims {
  readonly email: string | null;
  /** Of the list in auth.md §8; `unknown` for anything else. */
  readonly planType: string;
  readonly userId: string | null;
  readonly accountId: string | null;
}

const PLAN_TYPES: readonly string[] = [
  'free',
  'go',
  'plus',
  'pro',
  'prolite',
  'team',
  'self_serve_business_usage_based',
  'business',
  'enterprise_cbp_usage_based',
  'enterprise',
  'edu',
];

const claim = v.fallback(v.nullish(v.string()), null);
const idPayload = v.object({
  email: claim,
  'https://api.openai.com/profile': v.fallback(v.nullish(v.object({ email: claim })), null),
  'https://api.openai.com/auth': v.fallback(
    v.nullish(
      v.object({ chatgpt_plan_type: claim, chatgpt_user_id: claim, user_id: claim, chatgpt_account_id: claim }),
    ),
    null,
  ),
});
const accessPayload = v.object({ exp: v.number() });

/** The claims of a raw id token; null when it is none (three filled parts, the middle one JSON in base64url). */
export function readIdClaims(token: string): IdClaims | null {
  const parsed = v.safeParse(idPayload, jwtPayload(token));
  if (!parsed.success) return null;
  const auth = parsed.output['https://api.openai.com/auth'];
  return {
    email: parsed.output.email ?? parsed.output['https://api.openai.com/profile']?.email ?? null,
    planType: knownPlan(auth?.chatgpt_plan_type ?? ''),
    userId: auth?.chatgpt_user_id ?? auth?.user_id ?? null,
    accountId: auth?.chatgpt_account_id ?? null,
  };
}

/** A plan by its name on the wire; `unknown` for one that is not on the list. */
export function knownPlan(name: string): string {
  const plan = name.toLowerCase();
  return PLAN_TYPES.includes(plan) ? plan : 'unknown';
}

/** `exp` of an access token, in seconds since the epoch; null when the token does not say. */
export function readExpirySeconds(accessToken: string): number | null {
  const parsed = v.safeParse(accessPayload, jwtPayload(accessToken));
  return parsed.success ? parsed.output.exp : null;
}

function jwtPayload(token: string): unknown {
  const parts = token.split('.');
  const payload = parts[1] ?? '';
  if (parts.length !== 3 || parts.includes('') || !/^[A-Za-z0-9_-]+$/.test(payload)) return null;
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Not base64, not UTF-8 or not JSON: no token that we can read. The error would quote it, so it is dropped.
    return null;
  }
}
