import * as v from 'valibot';
import { defineRequest } from '../define.ts';
import { modeKind } from '../types/thread.ts';

/** What the reference's interface asks for at its start (protocol.md §4.1). Where we have no such thing, lists are empty. */

const page = { cursor: v.nullish(v.string()), limit: v.nullish(v.number()) };
const nothing = v.pipe(v.array(v.unknown()), v.maxLength(0));
const emptyPage = v.object({ data: nothing, nextCursor: v.null() });
const folders = v.nullish(v.array(v.string()));

export const hooksList = defineRequest({
  method: 'hooks/list',
  params: v.object({ cwds: folders, threadId: v.nullish(v.string()) }),
  result: v.object({
    data: v.array(v.object({ cwd: v.string(), hooks: nothing, warnings: nothing, errors: nothing })),
  }),
});

export const pluginInstalled = defineRequest({
  method: 'plugin/installed',
  params: v.object({ cwds: folders }),
  result: v.object({ marketplaces: nothing, marketplaceLoadErrors: nothing }),
});

/** The ways in which turns run; null: as the thread has it. */
export const collaborationModeList = defineRequest({
  method: 'collaborationMode/list',
  params: v.nullish(v.unknown()),
  result: v.object({
    data: v.array(
      v.object({
        name: v.string(),
        mode: modeKind,
        model: v.nullable(v.string()),
        reasoning_effort: v.nullable(v.string()),
      }),
    ),
  }),
});

export const experimentalFeatureList = defineRequest({
  method: 'experimentalFeature/list',
  params: v.object(page),
  result: emptyPage,
});

/** There are no features to switch here: the answer says that none was. */
export const experimentalFeatureEnablementSet = defineRequest({
  method: 'experimentalFeature/enablement/set',
  params: v.object({ enablement: v.record(v.string(), v.boolean()) }),
  result: v.object({ enablement: v.record(v.string(), v.boolean()) }),
  mutates: true,
});

/** What the provider itself does for a model, beside answering. */
export const modelProviderCapabilitiesRead = defineRequest({
  method: 'modelProvider/capabilities/read',
  params: v.nullish(v.unknown()),
  result: v.object({ imageGeneration: v.boolean(), webSearch: v.boolean() }),
});

/** Sandbox and approvals are settings of a thread here, not profiles with a name. */
export const permissionProfileList = defineRequest({
  method: 'permissionProfile/list',
  params: v.object(page),
  result: emptyPage,
});

/** The providers that a thread may use; none can be edited over the wire. */
export const modelProviderList = defineRequest({
  method: 'modelProvider/list',
  params: v.nullish(v.unknown()),
  result: v.object({
    data: v.array(
      v.object({
        id: v.string(),
        name: v.string(),
        canEdit: v.literal(false),
        /** Null: it has none, or one that holds a secret. */
        baseUrl: v.nullable(v.string()),
        settings: v.variant('type', [
          v.object({ type: v.literal('openai') }),
          v.object({
            type: v.literal('customGateway'),
            auth: v.variant('mode', [
              v.object({ mode: v.literal('none') }),
              v.object({ mode: v.literal('environmentVariable'), envKey: v.string() }),
            ]),
          }),
        ]),
      }),
    ),
    defaultProviderId: v.string(),
    canChangeDefault: v.literal(false),
  }),
  errors: ['configInvalid'],
});

/** The requests of this file, for the table. */
export const catalogRequests = [
  hooksList,
  pluginInstalled,
  collaborationModeList,
  experimentalFeatureList,
  experimentalFeatureEnablementSet,
  modelProviderCapabilitiesRead,
  permissionProfileList,
  modelProviderList,
] as const;
