import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { describe, expect, test } from 'vitest';
import { errorCodes, isErrorName, RpcError } from '../../../machines/core/errors.ts';
import type { AnyNotification, AnyRequest } from '../../../machines/protocol/define.ts';
import {
  clientNotifications,
  clientRequests,
  daemonRequests,
  globalNotifications,
  plainNotifications,
  threadNotifications,
} from '../../../machines/protocol/index.ts';
import { privateNotifications } from '../../../machines/protocol/machine-methods.ts';

type Declaration = AnyRequest | AnyNotification;

const tables = {
  clientRequests,
  daemonRequests,
  clientNotifications,
  threadNotifications,
  globalNotifications,
  plainNotifications,
  privateNotifications,
};
const listed = Object.values(tables).flatMap((table): Declaration[] => Object.values(table));

const isDeclaration = (value: unknown): value is Declaration =>
  typeof value === 'object' && value !== null && 'method' in value && 'kind' in value;
const folder = '../../../machines/protocol/methods';
const files: readonly object[] = await Promise.all(
  readdirSync(join(import.meta.dirname, folder)).map((name) => import(`${folder}/${name}`)),
);
const declared = files.flatMap((file): unknown[] => Object.values(file)).filter(isDeclaration);

const requests = listed.filter((declaration): declaration is AnyRequest => declaration.kind === 'request');

describe('the declarations of the wire', () => {
  test('every declared method is in exactly one table, under its own name', () => {
    expect(listed.map(({ method }) => method).sort()).toEqual(declared.map(({ method }) => method).sort());
    const names = listed.map(({ method }) => method);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const table of Object.values(tables)) {
      for (const [name, { method }] of Object.entries<Declaration>(table)) expect(name).toBe(method);
    }
  });

  test.each(listed.map((declaration) => [declaration.method, declaration] as const))(
    '%s is named like the others',
    (method) => {
      // The reference has one name with an underscore.
      expect(method.replace('inject_items', 'injectItems')).toMatch(/^[a-z][A-Za-z]*(\/[a-z][A-Za-z]*)*$/);
    },
  );

  test.each(listed.map((declaration) => [declaration.method, declaration] as const))(
    '%s has a JSON Schema',
    (_, declaration) => {
      const schemas = declaration.kind === 'request' ? [declaration.params, declaration.result] : [declaration.params];
      for (const schema of schemas) {
        // `trim` changes a value and is no part of a schema; everything else has to convert.
        const converted = toJsonSchema(schema as Parameters<typeof toJsonSchema>[0], { ignoreActions: ['trim'] });
        expect(JSON.parse(JSON.stringify(converted))).toEqual(converted);
      }
    },
  );

  test.each(requests.map((request) => [request.method, request] as const))(
    '%s rejects with errors that exist',
    (_, { errors }) => {
      expect(errors.filter((name) => !isErrorName(name))).toEqual([]);
      expect([...new Set(errors)]).toEqual(errors);
    },
  );

  test('an observer may make none of the calls that change something', () => {
    const looking = requests.filter(({ mutates }) => !mutates).map(({ method }) => method);
    expect(looking.sort()).toEqual([
      'account/bedrock/checkGovCloudRequirements',
      'account/chatgptAuthTokens/refresh',
      'account/rateLimits/read',
      'account/read',
      'approval/list',
      'collaborationMode/list',
      'config/read',
      'configRequirements/read',
      'daemon/actors/list',
      'daemon/status',
      'environment/read',
      'experimentalFeature/list',
      'fs/getMetadata',
      'fs/readDirectory',
      'fs/readFile',
      'fs/unwatch',
      'fs/watch',
      'fuzzyFileSearch',
      'fuzzyFileSearch/sessionStart',
      'fuzzyFileSearch/sessionStop',
      'fuzzyFileSearch/sessionUpdate',
      'getAuthStatus',
      'hooks/list',
      'initialize',
      'item/commandExecution/requestApproval',
      'item/fileChange/requestApproval',
      'item/tool/call',
      'item/tool/requestUserInput',
      'mcpServer/authStatus/list',
      'mcpServer/elicitation/request',
      'mcpServer/resource/read',
      'mcpServerStatus/list',
      'model/list',
      'modelProvider/capabilities/read',
      'modelProvider/list',
      'permissionProfile/list',
      'plugin/installed',
      'presence/list',
      'server/diagnostics',
      'skills/list',
      'thread/attach',
      'thread/backgroundTerminals/list',
      'thread/fork',
      'thread/goal/get',
      'thread/items/list',
      'thread/items/read',
      'thread/list',
      'thread/loaded/list',
      'thread/queue/list',
      'thread/read',
      'thread/readState/update',
      'thread/resume',
      'thread/search',
      'thread/searchOccurrences',
      'thread/turns/list',
      'thread/unsubscribe',
      'thread/why',
    ]);
  });
});

describe('errors', () => {
  test.each(Object.entries(errorCodes))('%s travels as %i and comes back under its name', (name, code) => {
    if (!isErrorName(name)) throw new Error(`${name} is no error name`);
    const error = new RpcError(name, 'text', { cause: 'why' });
    expect([error.errorName, error.code, error.message, error.cause, error.data]).toEqual([
      name,
      code,
      'text',
      'why',
      {},
    ]);
  });

  test.each(['', 'toString', '__proto__', 'InvalidParams', 7, null, undefined])('%j is no error name', (name) => {
    expect(isErrorName(name)).toBe(false);
  });
});
