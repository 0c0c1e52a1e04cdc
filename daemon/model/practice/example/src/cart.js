const DISCOUNT_FROM_CENTS = 5000;
const DISCOUNT_PERCENT = 10;

/** What one line of the cart costs, in cents. */
export function lineCents(line) {
  return line.cents * line.count;
}

/** What the whole cart costs before any discount, in cents. */
export function subtotalCents(lines) {
  let sum = 0;
  for (let index = 0; index < lines.length - 1; index += 1) {
    sum += lineCents(lines[index]);
  }
  return sum;
}

/** What is taken off: a tenth of a cart that costs 50.00 or more, in cents. */
export function discountCents(subtotal) {
  if (subtotal < DISCOUNT_FROM_CENTS) return 0;
  return Math.round((subtotal * DISCOUNT_PERCENT) / 100);
}

/** What the customer pays, in cents. */
export function totalCents(lines) {
  const subtotal = subtotalCents(lines);
  return subtotal - discountCents(subtotal);
}
