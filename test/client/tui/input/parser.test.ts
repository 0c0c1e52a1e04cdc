import { describe, expect, test } from 'vitest';
import type { InputEvent } from '../../../../client/tui/input/events.ts';
import { feed, initialParserState, settle } from '../../../../client/tui/input/parser.ts';
import fc from '../../../support/fast-check.ts';

const key = (name: string): InputEvent => ({ type: 'key', name });
const text = (typed: string): InputEvent => ({ type: 'text', text: typed });
const paste = (pasted: string): InputEvent => ({ type: 'paste', text: pasted });

function eventsOf(...chunks: readonly string[]): { events: InputEvent[]; pending: string } {
  let state = initialParserState;
  const events: InputEvent[] = [];
  for (const chunk of chunks) {
    const step = feed(state, chunk);
    state = step.state;
    events.push(...step.events);
  }
  return { events, pending: state.pending };
}

const cases: readonly { name: string; input: string; events: readonly InputEvent[] }[] = [
  { name: 'letters', input: 'ab', events: [text('a'), text('b')] },
  { name: 'an emoji whole', input: '👍', events: [text('👍')] },
  { name: 'enter and line feed as different keys', input: '\r\n', events: [key('enter'), key('ctrl+j')] },
  { name: 'tab and backspace', input: '\t\u007f\b', events: [key('tab'), key('backspace'), key('backspace')] },
  {
    name: 'control letters',
    input: '\u0001\u0003\u0004\u000c\u0000',
    events: ['a', 'c', 'd', 'l', 'space'].map((name) => key(`ctrl+${name}`)),
  },
  {
    name: 'arrows of both modes',
    input: '\u001b[A\u001bOB\u001b[C\u001bOD',
    events: ['up', 'down', 'right', 'left'].map(key),
  },
  {
    name: 'arrows with modifiers',
    input: '\u001b[1;5C\u001b[1;3D\u001b[1;2A',
    events: [key('ctrl+right'), key('alt+left'), key('shift+up')],
  },
  {
    name: 'home, end, pages, delete',
    input: '\u001b[H\u001b[4~\u001b[5~\u001b[6~\u001b[3~\u001bOF',
    events: ['home', 'end', 'pageup', 'pagedown', 'delete', 'end'].map(key),
  },
  { name: 'shift+tab', input: '\u001b[Z', events: [key('shift+tab')] },
  {
    name: 'alt with a letter, enter and backspace',
    input: '\u001bb\u001b\r\u001b\u007f',
    events: ['alt+b', 'alt+enter', 'alt+backspace'].map(key),
  },
  {
    name: "kitty's keys",
    input: '\u001b[27u\u001b[13;2u\u001b[99;5u\u001b[97;3u\u001b[57414u',
    events: ['escape', 'shift+enter', 'ctrl+c', 'alt+a', 'enter'].map(key),
  },
  {
    name: "xterm's modified keys",
    input: '\u001b[27;2;13~\u001b[27;5;106~',
    events: [key('shift+enter'), key('ctrl+j')],
  },
  {
    name: 'presses and repeats, but no releases',
    input: '\u001b[13;2:1u\u001b[13;2:2u\u001b[13;2:3u',
    events: [key('shift+enter'), key('shift+enter')],
  },
  {
    name: 'focus',
    input: '\u001b[I\u001b[O',
    events: [
      { type: 'focus', isFocused: true },
      { type: 'focus', isFocused: false },
    ],
  },
  {
    name: 'a paste as one event',
    input: '\u001b[200~a\r\nb\u001b[31mc\u001b[201~d',
    events: [paste('a\nb\u001b[31mc'), text('d')],
  },
  { name: 'an empty paste', input: '\u001b[200~\u001b[201~', events: [paste('')] },
  {
    name: 'reports of the terminal as nothing',
    input: '\u001b]11;rgb:0/0/0\u0007\u001bP1$r\u001b\\\u001b[?62;22cx',
    events: [text('x')],
  },
  { name: 'mouse reports as nothing', input: '\u001b[<0;10;10Mx', events: [text('x')] },
  { name: 'two escapes', input: '\u001b\u001b[A', events: [key('escape'), key('up')] },
  { name: 'a broken sequence up to where it breaks', input: '\u001b[12\u0003', events: [key('ctrl+c')] },
];

describe('parser', () => {
  test.each(cases)('reads $name', ({ input, events }) => {
    expect(eventsOf(input)).toEqual({ events, pending: '' });
  });

  test.each([
    { name: 'a lone escape is the key', input: '\u001b', events: [key('escape')] },
    { name: 'escape and [ is alt+[', input: '\u001b[', events: [key('alt+[')] },
    { name: 'half a sequence is dropped', input: '\u001b[1;', events: [] },
    { name: 'half a pair is dropped', input: '\ud83d', events: [] },
    { name: 'an endless paste ends', input: '\u001b[200~abc\u001b[20', events: [paste('abc\u001b[20')] },
  ])('after a pause $name', ({ input, events }) => {
    const step = feed(initialParserState, input);
    expect(step.events).toEqual([]);
    expect(settle(step.state)).toEqual({ state: initialParserState, events });
  });

  test('however the input is cut, the events are the same', () => {
    const piece = fc.oneof(
      fc.constantFrom(...cases.map(({ input }) => input)),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('\u001b', '\u001b[', '\u001bO', '\u001b]', '\ud83d', '\u001b[20', '\u001b[200~'),
      fc.constant(`\u001b[${'1'.repeat(100)}`),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 20 }), (pieces, cuts) => {
        const input = pieces.join('');
        const chunks: string[] = [];
        let rest = input;
        for (const cut of cuts) {
          chunks.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        expect(eventsOf(...chunks, rest)).toEqual(eventsOf(input));
      }),
      { numRuns: 500 },
    );
  });
});
