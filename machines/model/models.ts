/** What we know about a model: how it is asked and how it is offered to people (agent.md §2.2, §6). */
export interface ModelInfo {
  readonly slug: string;
  readonly displayName: string;
  readonly description: string;
  /** Nominal size in tokens; see `usableContextWindow`. */
  readonly contextWindow: number;
  /** Takes `apply_patch` as a custom (free text) tool; others call it through the shell. */
  readonly applyPatch: boolean;
  readonly parallelToolCalls: boolean;
  /** Takes tools in namespaces; others get each MCP tool as a plain function. */
  readonly namespacedTools: boolean;
  readonly efforts: readonly Effort[];
  /** Null: no `reasoning` is sent unless the user names an effort. */
  readonly defaultEffort: string | null;
  readonly verbosity: Verbosity | null;
  readonly inputModalities: readonly ('text' | 'image')[];
  readonly isDefault: boolean;
  /** False for the fallback of a slug that is not in the table; the user is warned of it. */
  readonly isKnown: boolean;
}

export type Verbosity = 'low' | 'medium' | 'high';
export type Effort = keyof typeof effortDescriptions;

const effortDescriptions = {
  low: 'Quick answers with little thought ahead',
  medium: 'A balance of speed and depth for everyday work',
  high: 'More thought for difficult problems',
  xhigh: 'The most thought, for the hardest problems',
} as const;

const allEfforts: readonly Effort[] = ['low', 'medium', 'high', 'xhigh'];

const known = {
  contextWindow: 272_000,
  applyPatch: true,
  parallelToolCalls: true,
  namespacedTools: true,
  efforts: allEfforts,
  defaultEffort: 'medium',
  verbosity: 'low',
  inputModalities: ['text', 'image'],
  isDefault: false,
  isKnown: true,
} as const satisfies Partial<ModelInfo>;

/** The models offered, in the order in which they are listed. */
export const models: readonly ModelInfo[] = [
  {
    ...known,
    slug: 'gpt-5.5',
    displayName: 'GPT-5.5',
    description: 'For complex coding and everyday work.',
    isDefault: true,
  },
  { ...known, slug: 'gpt-5.4', displayName: 'GPT-5.4', description: 'For everyday coding.' },
  {
    ...known,
    slug: 'gpt-5.4-mini',
    displayName: 'GPT-5.4-Mini',
    description: 'Small and fast, for simple tasks.',
    verbosity: 'medium',
  },
  {
    ...known,
    slug: 'gpt-5.3-codex',
    displayName: 'GPT-5.3-Codex',
    description: 'An earlier model made for coding.',
    verbosity: null,
  },
  { ...known, slug: 'gpt-5.2', displayName: 'GPT-5.2', description: 'An earlier model for long-running work.' },
];

/** The embedded practice model; offered by its own provider alone. */
export const practiceModel: ModelInfo = {
  ...known,
  slug: 'practice',
  displayName: 'Practice',
  description: 'A small built-in program for trying things out without an account.',
  contextWindow: 32_000,
  namespacedTools: false,
  efforts: [],
  defaultEffort: null,
  verbosity: null,
  inputModalities: ['text'],
};

export const DEFAULT_MODEL = 'gpt-5.5';

/** What is known about a slug; for one that is not in the table, a cautious guess (agent.md §2.2, 0.169). */
export function findModel(slug: string): ModelInfo {
  return [...models, practiceModel].find((model) => model.slug === slug) ?? unknownModel(slug);
}

function unknownModel(slug: string): ModelInfo {
  return {
    ...known,
    slug,
    displayName: slug,
    description: '',
    applyPatch: false,
    namespacedTools: false,
    efforts: [],
    defaultEffort: null,
    verbosity: null,
    isKnown: false,
  };
}

/** The part of a window that may be filled: 95 % of the nominal size (agent.md §5). */
export function usableContextWindow(contextWindow: number): number {
  return Math.floor(contextWindow * 0.95);
}

/** A model as `model/list` gives it (protocol.md §10.3, `Model`). */
export interface WireModel {
  readonly id: string;
  readonly model: string;
  readonly displayName: string;
  readonly description: string;
  readonly hidden: boolean;
  readonly isDefault: boolean;
  readonly supportedReasoningEfforts: readonly { readonly reasoningEffort: string; readonly description: string }[];
  readonly defaultReasoningEffort: string;
  readonly inputModalities: readonly ('text' | 'image')[];
  readonly supportsPersonality: boolean;
  readonly additionalSpeedTiers: readonly string[];
  readonly serviceTiers: readonly never[];
  readonly defaultServiceTier: null;
  readonly upgrade: null;
  readonly upgradeInfo: null;
  readonly availabilityNux: null;
  readonly availableAccessPrograms: null;
  readonly modelSpecialty: null;
  readonly multiAgentVersion: null;
}

/** `model/list` also has to name the model that a thread uses, known or not (protocol.md §4.1). */
export function toWireModel(model: ModelInfo): WireModel {
  return {
    id: model.slug,
    model: model.slug,
    displayName: model.displayName,
    description: model.description,
    hidden: false,
    isDefault: model.isDefault,
    supportedReasoningEfforts: model.efforts.map((effort) => ({
      reasoningEffort: effort,
      description: effortDescriptions[effort],
    })),
    defaultReasoningEffort: model.defaultEffort ?? 'none',
    inputModalities: model.inputModalities,
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
  };
}
