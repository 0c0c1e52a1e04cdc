import type { PlanStep } from '../protocol/types/item.ts';

const STATUSES: Readonly<Record<string, PlanStep['status']>> = {
  pending: 'pending',
  in_progress: 'inProgress',
  completed: 'completed',
};

/** The plan of an `update_plan` call's arguments (agent.md §6); null when they do not fit. */
export function parsePlan(json: string): { explanation: string | null; steps: PlanStep[] } | null {
  try {
    const { explanation, plan } = JSON.parse(json) as { explanation?: unknown; plan?: unknown };
    if (!Array.isArray(plan)) return null;
    const steps = plan.map((raw: { step?: unknown; status?: unknown }) => ({
      step: String(raw.step ?? ''),
      status: STATUSES[String(raw.status)] ?? ('pending' as const),
    }));
    return { explanation: typeof explanation === 'string' ? explanation : null, steps };
  } catch {
    return null;
  }
}
