import { findModel, models, practiceModel, toWireModel } from '../../machines/model/models.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

export function modelHandlers(deps: HandlerDeps): Pick<Handlers, 'model/list'> {
  return {
    'model/list': async ({ modelProvider }, { connection }) => {
      const environment = environmentOf(connection, deps.home);
      const { config } = await readConfig(deps.home, environment.cwd, {});
      const provider = modelProvider ?? (await deps.chooseProvider(config, environment.variables));
      if (provider === 'practice')
        return { data: [{ ...toWireModel({ ...practiceModel, isDefault: true }) }].map(plain), nextCursor: null };
      // The configured model is listed also when nothing is known about it: clients look it up here (protocol.md §4.1).
      const own = config.model && !models.some(({ slug }) => slug === config.model) ? [findModel(config.model)] : [];
      return { data: [...models, ...own].map(toWireModel).map(plain), nextCursor: null };
    },
  };
}

const plain = (model: ReturnType<typeof toWireModel>) => ({
  ...model,
  supportedReasoningEfforts: model.supportedReasoningEfforts.map((option) => ({ ...option })),
});
