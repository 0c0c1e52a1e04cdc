import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCents } from '../src/money.js';
import { receipt } from '../src/receipt.js';

test('cents are shown with two digits', () => {
  assert.equal(formatCents(1205), '12.05');
});

test('the receipt ends with what is to be paid', () => {
  const text = receipt([
    { name: 'bread', cents: 320, count: 1 },
    { name: 'milk', cents: 110, count: 2 },
  ]);
  assert.equal(text, '1 x bread: 3.20\n2 x milk: 2.20\nTo pay: 5.40');
});
