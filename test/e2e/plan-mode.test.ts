import { describe, expect, test } from 'vitest';
import { storeQuestion } from '../support/asked-questions.ts';
import { buildScene } from '../support/built-scene.ts';
import { call, outputsOf, reply, text, userTexts } from '../support/fake-openai.ts';
import { lacksTerminals } from '../support/terminal.ts';

const questions = [storeQuestion];
const PLAN = '<proposed_plan>\n# Notes in SQLite\n\n1. Write it\n</proposed_plan>';

describe.skipIf(lacksTerminals)('Plan mode in two terminals', () => {
  test('asks in both, and either may answer and have the plan carried out', async () => {
    const scene = await buildScene({
      script: [reply([call('request_user_input', { questions }, { callId: 'ask' })]), text(PLAN), text('It is done.')],
    });
    const first = scene.tui([]);
    await first.waitForText('Ask for anything');
    const second = scene.tui(['attach']);
    await Promise.all([first, second].map((terminal) => terminal.waitForText('2 clients')));

    first.type('/plan a notes command');
    first.press('enter');
    for (const terminal of [first, second]) {
      await terminal.waitForText('Where are the notes kept?');
      await terminal.waitForText('plan mode');
    }
    second.type('2');
    await first.waitForText(/✔ answered by codex-tui on \S+ \(pid \d+\) after .*: SQLite/);
    expect(JSON.parse(outputsOf(await scene.openai.waitForRequest(2)).ask ?? '')).toEqual({
      answers: { store: { answers: ['SQLite'] } },
    });

    for (const terminal of [first, second]) await terminal.waitForText(/Notes in SQLite[\s\S]*Carry out this plan\?/);
    second.type('n');
    await second.waitForNoText('Carry out this plan?');
    expect(first.screenText()).toContain('Carry out this plan?');
    first.type('y');
    for (const terminal of [first, second]) {
      await terminal.waitForText('It is done.');
      await terminal.waitForNoText('plan mode');
    }
    const last = await scene.openai.waitForRequest(3);
    expect(userTexts(last).at(-1)).toBe('Carry out the plan.');
    expect(JSON.stringify(last.body.input)).toContain('Plan mode is off');
  });
});
