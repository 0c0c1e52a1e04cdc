import * as v from 'valibot';
import type { ErrorName } from '../core/errors.ts';

export type Schema = v.GenericSchema<unknown, unknown>;

/** One method: its name, the shape of what goes in and comes out, and the errors it rejects with of its own. */
export interface RequestDefinition<Params extends Schema, Result extends Schema> {
  readonly kind: 'request';
  readonly method: string;
  readonly params: Params;
  readonly result: Result;
  readonly errors: readonly ErrorName[];
  /** False for calls that only look: an observer may make them. */
  readonly mutates: boolean;
}

export interface NotificationDefinition<Params extends Schema> {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Params;
  /** True for what the reference does not have: only clients that speak ours are told. */
  readonly isOurs: boolean;
}

export type AnyRequest = RequestDefinition<Schema, Schema>;
export type AnyNotification = NotificationDefinition<Schema>;
export type ParamsOf<D extends { readonly params: Schema }> = v.InferOutput<D['params']>;
export type ParamsIn<D extends { readonly params: Schema }> = v.InferInput<D['params']>;
export type ResultOf<D extends { readonly result: Schema }> = v.InferOutput<D['result']>;

/** Declares a method once: the static types, the run-time check and the JSON Schema all come from it. */
export function defineRequest<const Method extends string, Params extends Schema, Result extends Schema>(definition: {
  method: Method;
  params: Params;
  result: Result;
  errors?: readonly ErrorName[];
  mutates?: boolean;
}) {
  return { kind: 'request' as const, errors: [], mutates: false, ...definition };
}

/** Declares a notification once. */
export function defineNotification<const Method extends string, Params extends Schema>(definition: {
  method: Method;
  params: Params;
  isOurs?: boolean;
}) {
  return { kind: 'notification' as const, isOurs: false, ...definition };
}

/** Declarations as a table under their methods. */
export const byMethod = <D extends { readonly method: string }>(definitions: readonly D[]) =>
  Object.fromEntries(definitions.map((definition) => [definition.method, definition])) as {
    readonly [Method in D['method']]: Extract<D, { readonly method: Method }>;
  };

/** Says which field is wrong and why, in one line; null when the value fits. */
export function checkAgainst(
  schema: Schema,
  value: unknown,
): { ok: true; value: unknown } | { ok: false; why: string } {
  const outcome = v.safeParse(schema, value, { abortEarly: true });
  if (outcome.success) return { ok: true, value: outcome.output };
  const issue = outcome.issues[0];
  const path = v.getDotPath(issue);
  return { ok: false, why: path ? `field \`${path}\`: ${issue.message}` : issue.message };
}
