import { BlockList, isIP } from 'node:net';
import { type ProxySettings, withoutPasswords } from '../machines/core/proxy.ts';
import type { Dispatcher } from './undici.ts';

/** Proxies that are kept with their open connections; more than one is rare. */
const MAX_AGENTS = 8;
const agents = new Map<string, Dispatcher>();

/**
 * A `fetch` by way of the proxies of a client's environment; what they leave out goes through `direct`. Node 20's own
 * fetch knows no proxies. A proxy that cannot be used is an error: nothing goes around it.
 */
export function proxiedFetch(
  settings: ProxySettings | null,
  direct: typeof globalThis.fetch = globalThis.fetch,
): typeof globalThis.fetch {
  if (settings === null) return direct;
  return async (input, init) => {
    const proxy = proxyFor(String(input instanceof Request ? input.url : input), settings);
    if (proxy === null) return direct(input, init);
    const { fetch, ProxyAgent } = await import('./undici.ts');
    const dispatcher = agentOf(proxy, (uri) => new ProxyAgent({ uri, proxyTunnel: false }));
    // The casts: the same standard's fetch, whose types are declared in another package.
    const answer = await fetch(input as string, { ...(init as object), dispatcher });
    return answer as unknown as Response;
  };
}

function agentOf(proxy: string, create: (uri: string) => Dispatcher): Dispatcher {
  const uri = addressOf(proxy);
  const agent = agents.get(uri) ?? create(uri);
  agents.delete(uri);
  agents.set(uri, agent);
  const [oldest] = agents.keys();
  if (agents.size > MAX_AGENTS && oldest !== undefined) {
    void agents.get(oldest)?.close();
    agents.delete(oldest);
  }
  return agent;
}

/** A proxy as an address; without a scheme it speaks http. @throws Error for a kind that is not spoken here */
function addressOf(proxy: string): string {
  const text = proxy.includes('://') ? proxy : `http://${proxy}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw new Error(`the proxy ${hostOf(proxy)} cannot be used: only http:// and https:// proxies are supported`);
}

/** Names the proxy of an address for people; null when there is none. */
export function proxyName(url: string, settings: ProxySettings | null): string | null {
  const proxy = settings && proxyFor(url, withoutPasswords(settings));
  return proxy === null ? null : hostOf(proxy);
}

const hostOf = (proxy: string): string => proxy.replace(/^.*@/, '').replace(/\/+$/, '');

/** The proxy that an address is asked through; null: none. */
export function proxyFor(url: string, { http, https, exceptions }: ProxySettings): string | null {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null) return null;
  const proxy = target.protocol === 'https:' ? https : http;
  if (proxy === null) return null;
  const entries = exceptions.split(/[\s,]+/).filter(Boolean);
  return entries.some((entry) => isExcepted(target, entry.toLowerCase())) ? null : proxy;
}

/** One entry of NO_PROXY: `*`, a host with all below it, an address, a range of addresses; each but `*` may name a port. */
function isExcepted({ hostname, port, protocol }: URL, entry: string): boolean {
  if (entry === '*') return true;
  const host = hostname.replace(/^\[|\]$/g, '');
  if (entry.includes('/')) return isInRange(host, entry);
  const [, bracketed, plain = '', wantedPort] = /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
  const name = (bracketed ?? plain).replace(/^\*?\./, '');
  return name !== '' && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
}

function isInRange(host: string, range: string): boolean {
  const family = { 0: null, 4: 'ipv4', 6: 'ipv6' } as const;
  const [address = '', bits = ''] = range.split('/');
  const [kind, other] = [family[kindOf(host)], family[kindOf(address)]];
  if (kind === null || kind !== other || !/^\d{1,3}$/.test(bits) || Number(bits) > (kind === 'ipv4' ? 32 : 128)) {
    return false;
  }
  const list = new BlockList();
  list.addSubnet(address, Number(bits), kind);
  return list.check(host, kind);
}

function kindOf(address: string): 0 | 4 | 6 {
  const kind = isIP(address);
  return kind === 4 || kind === 6 ? kind : 0;
}
