import { lineCents, totalCents } from './cart.js';
import { formatCents } from './money.js';

/** The receipt as text: one line for each thing bought, then what is to be paid. */
export function receipt(lines) {
  const bought = lines.map((line) => `${line.count} x ${line.name}: ${formatCents(lineCents(line))}`);
  return [...bought, `To pay: ${formatCents(totalCents(lines))}`].join('\n');
}
