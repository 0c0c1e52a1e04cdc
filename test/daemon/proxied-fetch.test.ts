import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proxiedFetch, proxyFor, proxyName } from '../../daemon/proxied-fetch.ts';
import { type FakeProxy, startFakeProxy } from '../support/fake-proxy.ts';

describe('proxyFor', () => {
  const settings = (exceptions: string) => ({ http: 'plain', https: 'tls', exceptions });

  test.each([
    ['http://a.test/x', '', 'plain'],
    ['https://a.test/x', '', 'tls'],
    ['https://a.test', '*', null],
    ['https://a.test', 'b.test, a.test', null],
    ['https://A.test', 'A.TEST', null],
    ['https://sub.a.test', 'a.test', null],
    ['https://sub.a.test', '.a.test', null],
    ['https://sub.a.test', '*.a.test', null],
    ['https://a.test', '.a.test', null],
    ['https://nota.test', 'a.test', 'tls'],
    ['https://a.test', 'a.test:443', null],
    ['http://a.test', 'a.test:80', null],
    ['https://a.test:8443', 'a.test:443', 'tls'],
    ['http://127.0.0.1:99', '127.0.0.1', null],
    ['http://127.0.0.1:99', '127.0.0.0/8', null],
    ['http://128.0.0.1:99', '127.0.0.0/8', 'plain'],
    ['http://128.0.0.1:99', '127.0.0.0/99', 'plain'],
    ['http://a.test', '127.0.0.0/8', 'plain'],
    ['http://[::1]:99', '[::1]', null],
    ['http://[::1]:99', '::1', null],
    ['http://[::1]:99', '[::1]:99', null],
    ['http://[::1]:99', '[::1]:98', 'plain'],
    ['http://[fd00::7]', 'fd00::/16', null],
    ['http://[fd00::7]', '10.0.0.0/8', 'plain'],
    ['https://a.test', ' ,,', 'tls'],
    ['no address', '', null],
  ])('of %s without %j is %s', (url, exceptions, expected) => {
    expect(proxyFor(url, settings(exceptions))).toBe(expected);
  });

  test('a proxy is for its own kind of address, and is named without its password', () => {
    const http = 'http://user:secret@proxy.test:3128/';
    expect(proxyFor('https://a.test', { http, https: null, exceptions: '' })).toBeNull();
    expect(proxyName('http://a.test', { http, https: null, exceptions: '' })).toBe('http://proxy.test:3128');
    expect(proxyName('http://a.test', null)).toBeNull();
  });
});

describe('proxiedFetch', () => {
  let proxy: FakeProxy;
  let target: Server;
  let url: string;
  let asked: string[];

  beforeEach(async () => {
    proxy = await startFakeProxy();
    asked = [];
    target = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'} ${body}`);
      response.writeHead(request.url === '/moved' ? 302 : 200, { location: '/elsewhere' }).write('first');
      if (request.url !== '/slow') response.end(' second');
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await proxy.close();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  });

  const through = (address: string, exceptions = '') => proxiedFetch({ http: address, https: address, exceptions });

  test('passes method, headers and body on, with the name and the password for the proxy alone', async () => {
    const headers = new Headers({ authorization: 'Bearer t' });
    const fetch = through(`http://me:p%40ss@${proxy.host}`);
    const response = await fetch(`${url}/x`, { method: 'POST', headers, body: 'hello', redirect: 'manual' });
    expect([response.status, response.ok, await response.text()]).toEqual([200, true, 'first second']);
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(proxy.requests).toEqual([{ line: `POST ${url}/x`, authorization }]);
    expect(asked).toEqual(['POST /x Bearer t hello']);
  });

  test('follows no redirect when told so, streams, and stops when aborted', async () => {
    const fetch = through(proxy.host);
    const moved = await fetch(`${url}/moved`, { redirect: 'manual' });
    expect([moved.status, await moved.text()]).toEqual([302, 'first second']);
    const controller = new AbortController();
    const slow = await fetch(`${url}/slow`, { signal: controller.signal });
    const reader = slow.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
    controller.abort(new Error('enough'));
    await expect(reader?.read()).rejects.toThrow();
  });

  test('asks directly what the environment leaves out, and everything where no proxy is set', async () => {
    await through(proxy.host, '127.0.0.0/8')(url);
    await proxiedFetch(null)(url);
    expect([proxy.requests, asked.length]).toEqual([[], 2]);
  });

  test.each([
    ['a tunnel that the proxy refuses', 407, 'https://auth.test/x', /fetch failed/],
    ['a proxy that is not there', null, 'https://auth.test/x', /fetch failed/],
    ['a kind of proxy that is not spoken', 'socks5://127.0.0.1:1', 'http://auth.test', /socks5:\/\/127.0.0.1:1 cannot/],
  ])('%s is an error: nothing goes around it', async (_, what, address, message) => {
    if (typeof what === 'number') proxy.refuse(what);
    if (what === null) await proxy.close();
    await expect(through(typeof what === 'string' ? what : proxy.host)(address)).rejects.toThrow(message);
    expect(proxy.requests.map(({ line }) => line)).toEqual(typeof what === 'number' ? ['CONNECT auth.test:443'] : []);
  });
});
