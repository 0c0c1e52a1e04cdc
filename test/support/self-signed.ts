import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY_MS = 86_400_000;

/** One value of DER: its tag, its length, what it holds. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const oid = (...values: readonly number[]): Buffer => der(0x06, bytes(...values));
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const NAME = sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from('a test')))));
const CRITICAL = der(0x01, bytes(0xff));
/** It signs for itself. */
const IS_CA = sequence(oid(0x55, 0x1d, 0x13), CRITICAL, der(0x04, sequence(der(0x01, bytes(0xff)))));
/** It speaks for 127.0.0.1. */
const FOR_LOOPBACK = sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(der(0x87, bytes(127, 0, 0, 1)))));

/** Makes a certificate for 127.0.0.1 that signs itself (RFC 5280), and writes it with its key as PEM files. */
export function writeSelfSigned(folder: string): { readonly certFile: string; readonly keyFile: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const now = Date.now();
  const unsigned = sequence(
    der(0xa0, der(0x02, bytes(2))),
    der(0x02, bytes(1)),
    ECDSA_SHA256,
    NAME,
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(IS_CA, FOR_LOOPBACK)),
  );
  const signature = der(0x03, bytes(0), sign('sha256', unsigned, privateKey));
  const text = sequence(unsigned, ECDSA_SHA256, signature).toString('base64');
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const lines = text.match(/.{1,64}/g)?.join('\n') ?? '';
  writeFileSync(certFile, `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`);
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { certFile, keyFile };
}
