import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { referenceProgram } from './reference-program.ts';

/** The file of a method's answer where it is not named after its parameters. */
const ANSWERS: Readonly<Record<string, string>> = {
  'account/logout': 'LogoutAccountResponse',
  'account/rateLimits/read': 'GetAccountRateLimitsResponse',
  'account/usage/read': 'GetAccountTokenUsageResponse',
  'config/mcpServer/reload': 'McpServerRefreshResponse',
  'config/value/write': 'ConfigWriteResponse',
  'config/batchWrite': 'ConfigWriteResponse',
  'configRequirements/read': 'ConfigRequirementsReadResponse',
};

interface Union {
  readonly definitions: Readonly<Record<string, unknown>>;
  readonly oneOf: readonly {
    readonly properties: {
      readonly method: { readonly enum: readonly string[] };
      readonly params?: { readonly $ref?: string; readonly anyOf?: readonly { readonly $ref?: string }[] };
    };
  }[];
}

type Kind = 'answer' | 'notification' | 'request';

/** The schema that the reference program prints of its own protocol (protocol.md §8). */
export class ReferenceSchema {
  private readonly ajv = new Ajv({ strict: false, validateFormats: false });
  private readonly compiled = new Map<string, ValidateFunction | null>();

  private constructor(
    private readonly files: ReadonlyMap<string, unknown>,
    private readonly unions: Readonly<Record<'answer' | 'notification' | 'request', Union>>,
  ) {}

  /** Lets the program print it. @throws when the program is not installed */
  static print(): ReferenceSchema {
    const folder = mkdtempSync(join(tmpdir(), 'codex-schema-'));
    try {
      execFileSync(referenceProgram(), ['app-server', 'generate-json-schema', '--experimental', '--out', folder], {
        timeout: 60_000,
      });
      const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
      const unions = {
        answer: read('ClientRequest') as Union,
        notification: read('ServerNotification') as Union,
        request: read('ServerRequest') as Union,
      };
      const files = new Map<string, unknown>();
      for (const method of methodsOf(unions.answer)) {
        const name = answerName(unions.answer, method);
        const place = ['v2/', '', 'v1/'].find((prefix) => existsSync(join(folder, `${prefix}${name}.json`)));
        if (place !== undefined) files.set(name, read(`${place}${name}`));
      }
      return new ReferenceSchema(files, unions);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  methods(kind: Kind): readonly string[] {
    return methodsOf(this.unions[kind]);
  }

  /** What is wrong with one thing that we said, in one line; null when it fits or when the reference has no such thing. */
  fault(kind: Kind, method: string, value: unknown): string | null {
    const validate = this.validator(kind, method);
    if (!validate || validate(value)) return null;
    const error = validate.errors?.[0];
    return `${kind} ${method}: ${error?.instancePath || '/'} ${error?.message ?? ''} ${JSON.stringify(error?.params)}`;
  }

  private validator(kind: Kind, method: string): ValidateFunction | null {
    const key = `${kind} ${method}`;
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    const schema =
      kind === 'answer' ? this.files.get(answerName(this.unions.answer, method)) : this.paramsOf(kind, method);
    const made = schema === undefined ? null : this.ajv.compile(schema as object);
    this.compiled.set(key, made);
    return made;
  }

  private paramsOf(kind: 'notification' | 'request', method: string): unknown {
    const { definitions, oneOf } = this.unions[kind];
    const params = oneOf.find(({ properties }) => properties.method.enum.includes(method))?.properties.params;
    return params && { ...params, definitions };
  }
}

const methodsOf = ({ oneOf }: Union): readonly string[] => oneOf.flatMap(({ properties }) => properties.method.enum);

function answerName({ oneOf }: Union, method: string): string {
  const params = oneOf.find(({ properties }) => properties.method.enum.includes(method))?.properties.params;
  const reference = params?.$ref ?? params?.anyOf?.[0]?.$ref ?? '';
  return ANSWERS[method] ?? (reference.split('/').at(-1) ?? '').replace(/Params$/, 'Response');
}
