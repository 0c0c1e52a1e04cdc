import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discountCents, subtotalCents, totalCents } from '../src/cart.js';

const cart = [
  { name: 'bread', cents: 320, count: 1 },
  { name: 'milk', cents: 110, count: 2 },
  { name: 'apples', cents: 45, count: 4 },
];

test('an empty cart costs nothing', () => {
  assert.equal(subtotalCents([]), 0);
});

test('the subtotal counts every line of the cart', () => {
  assert.equal(subtotalCents(cart), 720);
});

test('a cart of 50.00 gets a tenth off', () => {
  assert.equal(discountCents(5000), 500);
  assert.equal(discountCents(4999), 0);
});

test('the total takes the discount off', () => {
  assert.equal(totalCents([{ name: 'cheese', cents: 2500, count: 4 }]), 9000);
});
