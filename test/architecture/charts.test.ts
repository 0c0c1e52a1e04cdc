import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { charts, machines, withCharts } from './charts.ts';
import { drawChart } from './draw-chart.ts';
import { sourceFiles } from './source-files.ts';

const kettle = setup({
  types: {} as { context: { error: unknown }; events: { type: 'start' } | { type: 'lift' } | { type: 'look' } },
  actors: { boil: fromPromise(async () => {}) },
  guards: { hasWater: () => true },
  actions: { whistle: () => {}, keepError: assign({ error: 'dry' }) },
  delays: { boilLimit: 90_000 },
}).createMachine({
  id: 'kettle',
  context: { error: null },
  initial: 'off',
  on: { look: { actions: 'whistle' } },
  states: {
    off: { on: { start: { guard: 'hasWater', target: 'on.heating' } } },
    on: {
      initial: 'heating',
      on: { lift: 'off' },
      states: {
        heating: {
          invoke: { src: 'boil', onDone: 'whistling', onError: { target: '#kettle.failed', actions: 'keepError' } },
          after: { boilLimit: '#kettle.failed' },
        },
        whistling: { entry: 'whistle' },
      },
    },
    failed: { type: 'final' },
  },
});

describe('the charts', () => {
  test('show nested states, with events, guards, delays, effects and actions by name', () => {
    expect(drawChart(kettle).split('\n')).toEqual([
      'stateDiagram-v2',
      '  state "any state" as any',
      '  any : look / whistle',
      '  [*] --> off',
      '  state "off" as off',
      '  state "on" as on {',
      '    [*] --> on_heating',
      '    state "heating" as on_heating',
      '    on_heating : runs boil',
      '    state "whistling" as on_whistling',
      '    on_whistling : entry / whistle',
      '    on_heating --> on_whistling : done',
      '  }',
      '  state "failed" as failed',
      '  off --> on : start [hasWater]',
      '  on --> off : lift',
      '  on --> failed : heating · fails / keepError<br/>heating · after boilLimit (90 s)',
      '  failed --> [*]',
    ]);
  });

  test('are drawn of every machine', () => {
    const files = sourceFiles('machines').filter((file) => file.endsWith('-machine.ts'));
    expect(Object.keys(machines).sort()).toEqual(files);
  });

  test('have a place in ARCHITECTURE.md, each its own', () => {
    const text = readFileSync('ARCHITECTURE.md', 'utf8');
    expect(() => withCharts(text, charts())).not.toThrow();
  });

  test('replace what stood between their marks, and nothing else', () => {
    const text = 'before\n<!-- chart:a -->\nold\n<!-- /chart:a -->\nafter\n';
    const drawn = 'before\n<!-- chart:a -->\n```mermaid\nnew\n```\n<!-- /chart:a -->\nafter\n';
    expect(withCharts(text, new Map([['a', 'new']]))).toBe(drawn);
    expect(withCharts(drawn, new Map([['a', 'new']]))).toBe(drawn);
  });

  test('refuse a text without the marks', () => {
    expect(() => withCharts('nothing', new Map([['a', 'new']]))).toThrow('no place for the chart of a');
  });
});
