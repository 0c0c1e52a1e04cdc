import { describe, expect, test } from 'vitest';
import { DEFAULT_MODEL, findModel, models, toWireModel, usableContextWindow } from '../../../machines/model/models.ts';

describe('models', () => {
  test('exactly one is the default, and it comes first', () => {
    expect(models.filter((model) => model.isDefault).map(({ slug }) => slug)).toEqual([DEFAULT_MODEL]);
    expect(models[0]?.slug).toBe(DEFAULT_MODEL);
  });

  test('no slug stands twice, and each default effort is one that the model takes', () => {
    expect(new Set(models.map(({ slug }) => slug)).size).toBe(models.length);
    for (const model of models) expect(model.efforts).toContain(model.defaultEffort);
  });

  test('the default takes patches, parallel calls and little text, as recorded', () => {
    expect(findModel('gpt-5.5')).toMatchObject({
      applyPatch: true,
      parallelToolCalls: true,
      defaultEffort: 'medium',
      verbosity: 'low',
      contextWindow: 272_000,
      isKnown: true,
    });
  });

  test('an unknown slug gets no patch tool, no effort of its own, and parallel calls', () => {
    expect(findModel('house-model')).toMatchObject({
      slug: 'house-model',
      displayName: 'house-model',
      applyPatch: false,
      parallelToolCalls: true,
      efforts: [],
      defaultEffort: null,
      verbosity: null,
      isDefault: false,
      isKnown: false,
    });
  });

  test('95 % of the window may be filled', () => {
    expect(usableContextWindow(272_000)).toBe(258_400);
  });

  test('the wire form has every field of the reference', () => {
    expect(toWireModel(findModel('gpt-5.5'))).toEqual({
      id: 'gpt-5.5',
      model: 'gpt-5.5',
      displayName: 'GPT-5.5',
      description: 'For complex coding and everyday work.',
      hidden: false,
      isDefault: true,
      supportedReasoningEfforts: ['low', 'medium', 'high', 'xhigh'].map((reasoningEffort) => ({
        reasoningEffort,
        description: expect.any(String),
      })),
      defaultReasoningEffort: 'medium',
      inputModalities: ['text', 'image'],
      supportsPersonality: false,
      additionalSpeedTiers: [],
      serviceTiers: [],
      defaultServiceTier: null,
      upgrade: null,
      upgradeInfo: null,
      availabilityNux: null,
      availableAccessPrograms: null,
      modelSpecialty: null,
      multiAgentVersion: null,
    });
    expect(toWireModel(findModel('house-model')).defaultReasoningEffort).toBe('none');
  });
});
