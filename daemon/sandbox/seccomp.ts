/**
 * The system-call filter of a sandboxed command, as a raw BPF program (agent.md §10, libraries.md §9).
 *
 * Seccomp sees the arguments of a call but not what they point to, so it cannot tell one Unix address from another.
 * Therefore no Unix socket can be made at all, except connected pairs of the kinds that can never change their peer.
 */

export type SeccompArch = 'x64' | 'arm64';

interface ArchFacts {
  readonly audit: number;
  readonly socket: number;
  readonly socketpair: number;
  readonly connect: number;
}

const ARCHES: Record<SeccompArch, ArchFacts> = {
  x64: { audit: 0xc000_003e, socket: 41, socketpair: 53, connect: 42 },
  arm64: { audit: 0xc000_00b7, socket: 198, socketpair: 199, connect: 203 },
};

/** io_uring_setup, _enter, _register: it would do every blocked call out of the filter's sight. */
const IO_URING_CALLS = [425, 426, 427];
/** Calls of the x32 form carry this bit: the same kernel functions under other numbers. */
const X32_BIT = 0x4000_0000;

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
/** Stream and seqpacket pairs keep their peer; one end of a datagram pair may send to any address. */
const SAFE_PAIR_TYPES = [1, 5];
const TYPE_MASK = 0xf;

const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;

const OFFSET_CALL = 0;
const OFFSET_ARCH = 4;
const OFFSET_ARGUMENT_0 = 16;
const OFFSET_ARGUMENT_1 = 24;

const ALLOW = 0x7fff_0000;
const REFUSE_EPERM = 0x0005_0001;
const KILL_PROCESS = 0x8000_0000;

type Label = 'kill' | 'allow' | 'refuse' | 'socket' | 'pair';
type Step =
  | { readonly at: Label }
  | { readonly code: number; readonly value: number; readonly yes?: Label; readonly no?: Label };

export function isSeccompArch(arch: string): arch is SeccompArch {
  return Object.hasOwn(ARCHES, arch);
}

/** The program, 8 bytes an instruction, as bubblewrap's `--seccomp` reads it. */
export function seccompProgram(arch: SeccompArch, network: boolean): Uint8Array {
  return assemble(filterSteps(arch, network));
}

function filterSteps(arch: SeccompArch, network: boolean): readonly Step[] {
  const { audit, socket, socketpair, connect } = ARCHES[arch];
  const families = network ? [AF_INET, AF_INET6, AF_NETLINK] : [AF_NETLINK];
  const refused = network ? IO_URING_CALLS : [connect, ...IO_URING_CALLS];
  return [
    { code: LOAD, value: OFFSET_ARCH },
    { code: JUMP_IF_EQUAL, value: audit, no: 'kill' },
    { code: LOAD, value: OFFSET_CALL },
    { code: JUMP_IF_AT_LEAST, value: X32_BIT, yes: 'refuse' },
    ...refused.map((call): Step => ({ code: JUMP_IF_EQUAL, value: call, yes: 'refuse' })),
    { code: JUMP_IF_EQUAL, value: socket, yes: 'socket' },
    { code: JUMP_IF_EQUAL, value: socketpair, yes: 'pair', no: 'allow' },
    { at: 'socket' },
    { code: LOAD, value: OFFSET_ARGUMENT_0 },
    ...families.map((family): Step => ({ code: JUMP_IF_EQUAL, value: family, yes: 'allow' })),
    { code: RETURN, value: REFUSE_EPERM },
    { at: 'pair' },
    { code: LOAD, value: OFFSET_ARGUMENT_1 },
    { code: AND, value: TYPE_MASK },
    ...SAFE_PAIR_TYPES.map((type): Step => ({ code: JUMP_IF_EQUAL, value: type, yes: 'allow' })),
    { at: 'refuse' },
    { code: RETURN, value: REFUSE_EPERM },
    { at: 'allow' },
    { code: RETURN, value: ALLOW },
    { at: 'kill' },
    { code: RETURN, value: KILL_PROCESS },
  ];
}

/** Replaces labels by distances; a jump without a label goes to the next instruction. */
function assemble(steps: readonly Step[]): Uint8Array {
  const places = new Map<Label, number>();
  const instructions = steps.flatMap((step) => ('at' in step ? [] : [step]));
  let next = 0;
  for (const step of steps) {
    if ('at' in step) places.set(step.at, next);
    else next += 1;
  }

  const program = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(({ code, value, yes, no }, index) => {
    const distance = (label: Label | undefined) => (label ? (places.get(label) ?? 0) - index - 1 : 0);
    program.setUint16(index * 8, code, true);
    program.setUint8(index * 8 + 2, distance(yes));
    program.setUint8(index * 8 + 3, distance(no));
    program.setUint32(index * 8 + 4, value, true);
  });
  return new Uint8Array(program.buffer);
}
