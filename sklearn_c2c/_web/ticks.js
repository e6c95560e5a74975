// Times in ticks, exact: a whole number or a fraction [number, divisor] of ticks.
export const TICKS_OF_QUARTER = 10080; // a whole number for all usual tuplets
export const TICKS_OF_WHOLE = 4 * TICKS_OF_QUARTER;
export const MAX_TICKS = TICKS_OF_QUARTER * 2 ** 16;

// A fraction in lowest terms; so that hostile lengths cannot grow without end, both
// of its numbers stay in reach of exact arithmetic.
export function fraction(number, divisor = 1) {
  if (!Number.isSafeInteger(number) || !Number.isSafeInteger(divisor)) {
    throw new Error("the note lengths have no common part of a size that is read");
  }
  let [a, b] = [number, divisor];
  while (b) [a, b] = [b, a % b];
  return [number / a, divisor / a];
}

export function scaled([number, divisor], [numerator, denominator]) {
  return fraction(number * numerator, divisor * denominator);
}

export function sumOf([a, b], [c, d]) {
  return b === 1 && d === 1 ? [a + c, 1] : fraction(a * d + c * b, b * d);
}

export function differenceOf(left, [number, divisor]) {
  return sumOf(left, [-number, divisor]);
}

// Nearest whole number of ticks, the even one of two equally near.
export function wholeTicks([number, divisor]) {
  const floor = Math.floor(number / divisor);
  const twice = 2 * (number - floor * divisor);
  if (twice === divisor) return floor + (floor % 2);
  return twice < divisor ? floor : floor + 1;
}

// Length of a measure of a metre [beats, beat type].
export function ticksOfMeasure([beats, beatType]) {
  return (beats * TICKS_OF_WHOLE) / beatType;
}
