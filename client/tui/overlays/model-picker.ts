import type { WireModel } from '../../../machines/protocol/methods/model.ts';
import type { Model } from '../model.ts';
import { row } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import type { Overlay } from './overlay.ts';
import { createPicker } from './picker.ts';

/** Chooses the model of the next turn, then its reasoning effort where there are several. */
export function createModelPicker(models: readonly WireModel[], { snapshot }: Model): Overlay {
  const shown = models.filter((model) => !model.hidden || model.model === snapshot.settings.model);
  return createPicker({
    id: 'modelPicker',
    title: 'Model',
    empty: 'the daemon knows no models',
    chosen: Math.max(
      0,
      shown.findIndex(({ model }) => model === snapshot.settings.model),
    ),
    choices: shown.map((model) => ({
      label: sanitizeRow(model.displayName || model.model),
      detail: row(sanitizeRow(model.description), 'dim'),
      choose: () => chooseEffort(model, snapshot.settings.effort),
    })),
  });
}

function chooseEffort(model: WireModel, current: string | null) {
  const efforts = model.supportedReasoningEfforts;
  const change = (effort: string | null) => [{ type: 'changeModel', model: model.model, effort } as const];
  if (efforts.length <= 1) return change(efforts[0]?.reasoningEffort ?? null);
  const wanted = efforts.some(({ reasoningEffort }) => reasoningEffort === current)
    ? current
    : model.defaultReasoningEffort;
  return createPicker({
    id: 'modelPicker',
    title: `Reasoning effort of ${sanitizeRow(model.displayName || model.model)}`,
    empty: '',
    chosen: Math.max(
      0,
      efforts.findIndex(({ reasoningEffort }) => reasoningEffort === wanted),
    ),
    choices: efforts.map(({ reasoningEffort, description }) => ({
      label: sanitizeRow(reasoningEffort),
      detail: row(sanitizeRow(description), 'dim'),
      choose: () => change(reasoningEffort),
    })),
  });
}
