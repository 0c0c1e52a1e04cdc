import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import ts from 'typescript';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clientRequests } from '../../../machines/protocol/index.ts';
import { startCli } from '../../support/cli-context.ts';

/** Runs the command and answers the folder with what it wrote. */
async function printed(command: string, ...more: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'codex-schema-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { exitCode, stderr } = await startCli(['app-server', command, '--out', folder, ...more], { env: {} }).done;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^wrote \d+ files to /) });
  return folder;
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(json|ts)$/.test(name));

const schemaIn = (folder: string, name: string): object =>
  JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as object;

/** A check of values; compiling one is what takes time. */
function checkOf(folder: string, name: string): (value: unknown) => boolean {
  const validate = new Ajv({ strict: false }).compile(schemaIn(folder, name));
  return (value) => validate(value);
}

describe('codex app-server generate-json-schema', () => {
  test('prints valid schemas under the reference’s names, and each file bears its own', async () => {
    const folder = await printed('generate-json-schema', '--experimental');
    const ajv = new Ajv({ strict: false });

    for (const file of filesOf(folder)) {
      const text = readFileSync(join(folder, file), 'utf8');
      const schema = JSON.parse(text) as { readonly title: string; readonly definitions?: object };
      expect(ajv.validateSchema(schema)).toBe(true);
      if (!basename(file).startsWith('codex_app_server')) expect(schema.title).toBe(basename(file, '.json'));
      const refs = [...text.matchAll(/"#\/definitions\/(\w+)"/g)].map(([, name = '']) => name);
      expect(refs.filter((name) => !Object.hasOwn(schema.definitions ?? {}, name))).toEqual([]);
    }
    const names = filesOf(folder);
    for (const name of [
      'v1/InitializeParams.json',
      'v2/ThreadSetNameParams.json',
      'v2/GetAccountResponse.json',
      'v2/LogoutAccountResponse.json',
      'v2/AgentMessageDeltaNotification.json',
      'CommandExecutionRequestApprovalParams.json',
      'ClientRequest.json',
      'ServerNotification.json',
      'ServerRequest.json',
      'ClientNotification.json',
      'RequestId.json',
      'codex_app_server_protocol.schemas.json',
    ])
      expect(names).toContain(name);
  });

  test('takes the messages of the wire and refuses others', async () => {
    const folder = await printed('generate-json-schema', '--experimental');
    const isRequest = checkOf(folder, 'ClientRequest');
    const isTold = checkOf(folder, 'v2/AgentMessageDeltaNotification');
    const isCompleted = checkOf(folder, 'v2/ItemCompletedNotification');
    const input = [{ type: 'text', text: 'hello' }];

    expect(isRequest({ id: 1, method: 'turn/start', params: { threadId: 't', input } })).toBe(true);
    expect(isRequest({ id: 'a', method: 'account/logout' })).toBe(true);
    expect(isRequest({ id: 1, method: 'turn/start', params: { threadId: 7, input } })).toBe(false);
    expect(isRequest({ id: 1, method: 'turn/start' })).toBe(false);
    expect(isRequest({ id: 1, method: 'no/such' })).toBe(false);
    const delta = { threadId: 't', turnId: 'u', itemId: 'i', delta: 'x' };
    expect(isTold(delta)).toBe(true);
    expect(isTold({ ...delta, delta: null })).toBe(false);
    const item = { type: 'agentMessage', id: 'i', text: 'x' };
    const completed = { threadId: 't', turnId: 'u', item, completedAtMs: 1 };
    expect(isCompleted(completed)).toBe(true);
    expect(isCompleted({ ...completed, item: { type: 'x' } })).toBe(false);
  });

  test('leaves out what is experimental unless it is asked for', async () => {
    const methodsIn = (folder: string): string[] => {
      const { oneOf } = schemaIn(folder, 'ClientRequest') as {
        readonly oneOf: readonly { readonly properties: { readonly method: { readonly const: string } } }[];
      };
      return oneOf.map(({ properties }) => properties.method.const);
    };

    const stable = methodsIn(await printed('generate-json-schema'));
    const all = methodsIn(await printed('generate-json-schema', '--experimental'));

    expect(all).toEqual(Object.keys(clientRequests));
    expect(stable).toContain('thread/start');
    for (const method of ['thread/attach', 'daemon/status', 'thread/settings/update', 'approval/respond']) {
      expect(stable).not.toContain(method);
    }
  });
});

describe('codex app-server generate-ts', () => {
  test('prints types that compile, and that take a message of the wire and refuse others', async () => {
    const folder = await printed('generate-ts', '--experimental');
    const use = (name: string, text: string) => ({ name: join(folder, name), text });
    const uses = [
      use(
        'good.ts',
        `import type { v2 } from './index';\nexport const a: v2.TurnStartParams = { threadId: 't', input: [{ type: 'text', text: 'x' }] };\n`,
      ),
      use(
        'bad.ts',
        `import type { ThreadReadParams } from './v2';\nexport const a: ThreadReadParams = { threadId: 7 };\n`,
      ),
    ];
    const options: ts.CompilerOptions = {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      module: ts.ModuleKind.CommonJS,
      lib: ['lib.es2022.d.ts'],
    };
    const host = ts.createCompilerHost(options);
    const read = host.readFile.bind(host);
    host.readFile = (path) => uses.find(({ name }) => name === path)?.text ?? read(path);
    const exists = host.fileExists.bind(host);
    host.fileExists = (path) => uses.some(({ name }) => name === path) || exists(path);

    const program = ts.createProgram([...uses.map(({ name }) => name), join(folder, 'index.ts')], options, host);
    const errors = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => [
        file ? basename(dirname(file.fileName)) === basename(folder) && basename(file.fileName) : null,
        ts.flattenDiagnosticMessageText(messageText, ' '),
      ]);

    expect(errors).toEqual([['bad.ts', expect.stringContaining("'number' is not assignable to type 'string'")]]);
  });
});
