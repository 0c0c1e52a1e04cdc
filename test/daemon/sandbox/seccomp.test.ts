import { describe, expect, test } from 'vitest';
import { isSeccompArch, type SeccompArch, seccompProgram } from '../../../daemon/sandbox/seccomp.ts';

const AUDIT = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
const CALLS = {
  x64: { socket: 41, connect: 42, socketpair: 53, io_uring_setup: 425, read: 0 },
  arm64: { socket: 198, connect: 203, socketpair: 199, io_uring_setup: 425, read: 63 },
};
const VERDICTS = new Map([
  [0x7fff_0000, 'allowed'],
  [0x0005_0001, 'EPERM'],
  [0x8000_0000, 'killed'],
]);

interface Call {
  readonly audit: number;
  readonly call: number;
  readonly args?: readonly number[];
}

/** Does what the kernel does with a program: each instruction 8 bytes, one register. */
function judge(program: Uint8Array, { audit, call, args = [] }: Call): string {
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  const words = new Map([
    [0, call],
    [4, audit],
    ...args.map((value, index): [number, number] => [16 + index * 8, value]),
  ]);
  let register = 0;
  for (let at = 0; at < program.length; at += 8) {
    const value = code.getUint32(at + 4, true);
    const jump = (isTrue: boolean) => {
      at += 8 * code.getUint8(at + (isTrue ? 2 : 3));
    };
    switch (code.getUint16(at, true)) {
      case 0x20:
        register = words.get(value) ?? 0;
        break;
      case 0x54:
        register = (register & value) >>> 0;
        break;
      case 0x15:
        jump(register === value);
        break;
      case 0x35:
        jump(register >= value);
        break;
      case 0x06:
        return VERDICTS.get(value) ?? `unknown verdict ${value}`;
      default:
        throw new Error(`unknown instruction at ${at}`);
    }
  }
  throw new Error('the program has no end');
}

describe.each(['x64', 'arm64'] as const)('the filter on %s', (arch) => {
  const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, vsock: 40 };
  test.each([
    { name: 'read', args: [], off: 'allowed', on: 'allowed' },
    { name: 'connect', args: [3], off: 'EPERM', on: 'allowed' },
    { name: 'io_uring_setup', args: [], off: 'EPERM', on: 'EPERM' },
    { name: 'socket', args: [AF.unix, 1], off: 'EPERM', on: 'EPERM' },
    { name: 'socket', args: [AF.inet, 1], off: 'EPERM', on: 'allowed' },
    { name: 'socket', args: [AF.inet6, 2], off: 'EPERM', on: 'allowed' },
    { name: 'socket', args: [AF.netlink, 3], off: 'allowed', on: 'allowed' },
    { name: 'socket', args: [AF.vsock, 1], off: 'EPERM', on: 'EPERM' },
    { name: 'socketpair', args: [AF.unix, 1], off: 'allowed', on: 'allowed' },
    { name: 'socketpair', args: [AF.unix, 0x80801], off: 'allowed', on: 'allowed' },
    { name: 'socketpair', args: [AF.unix, 5], off: 'allowed', on: 'allowed' },
    { name: 'socketpair', args: [AF.unix, 2], off: 'EPERM', on: 'EPERM' },
    { name: 'socketpair', args: [AF.unix, 3], off: 'EPERM', on: 'EPERM' },
  ] as const)('$name $args: $off without network, $on with it', ({ name, args, off, on }) => {
    const call = { audit: AUDIT[arch], call: CALLS[arch][name], args };
    expect(judge(seccompProgram(arch, false), call)).toBe(off);
    expect(judge(seccompProgram(arch, true), call)).toBe(on);
  });

  test('another architecture is killed, the x32 form of a call refused', () => {
    const program = seccompProgram(arch, true);
    expect(judge(program, { audit: 0x4000_0003, call: 1 })).toBe('killed');
    expect(judge(program, { audit: AUDIT[arch], call: 0x4000_0000 + 41 })).toBe('EPERM');
  });
});

test('is written for two architectures', () => {
  expect(['x64', 'arm64', 'riscv64', 'toString'].filter(isSeccompArch) satisfies SeccompArch[]).toEqual([
    'x64',
    'arm64',
  ]);
});
