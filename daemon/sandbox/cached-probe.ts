import { probeSandbox, type SandboxProbe } from './probe.ts';

/** Remembers that a sandbox can be had; where it cannot, looks again each time, since a person may be mending it. */
export function cachedProbe(): () => Promise<SandboxProbe> {
  let found: Promise<SandboxProbe> | null = null;
  return async () => {
    found ??= probeSandbox();
    const probe = await found;
    if (!probe.available) found = null;
    return probe;
  };
}
