import { isIP, isIPv4 } from 'node:net';
import { isAbsolute, normalize } from 'node:path';
import { controlSocketPath } from '../../machines/core/home.ts';

/** Where a listener is asked for. */
export type DoorAddress =
  | { readonly kind: 'unix'; readonly path: string; readonly isControl: boolean }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isSecure: boolean };

/** Reads `unix://PATH`, `unix://`, `ws://IP:PORT` or `wss://IP:PORT`. @throws with the forms that are known */
export function parseDoorAddress(text: string, home: string): DoorAddress {
  if (text.startsWith('unix://')) return unixAddress(text.slice('unix://'.length), controlSocketPath(home));
  const { protocol, host, port } =
    /^(?<protocol>wss?):\/\/(?<host>\[.*\]|[^:/]+):(?<port>\d+)\/?$/.exec(text)?.groups ?? {};
  const ip = host === 'localhost' ? '127.0.0.1' : (host ?? '').replace(/^\[|\]$/g, '');
  if (isIP(ip) === 0 || Number(port) > 65_535)
    throw new Error(`cannot listen on ${text}: write unix://, unix://PATH, ws://IP:PORT or wss://IP:PORT`);
  return { kind: 'tcp', host: ip, port: Number(port), isSecure: protocol === 'wss' };
}

function unixAddress(given: string, control: string): DoorAddress {
  const path = given === '' ? control : normalize(given);
  if (!isAbsolute(path)) throw new Error(`unix://${given}: the path has to be absolute`);
  return { kind: 'unix', path, isControl: path === control };
}

/** Whether an address can only be reached from this machine. */
export const isLoopback = (ip: string): boolean => (isIPv4(ip) ? ip.startsWith('127.') : ip === '::1');

/** A TCP address as it is written. */
export function tcpText(host: string, port: number, isSecure: boolean): string {
  return `${isSecure ? 'wss' : 'ws'}://${isIPv4(host) ? host : `[${host}]`}:${port}`;
}
