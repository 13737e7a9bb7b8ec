/**
 * A fade that keeps the power constant for the very two signals it joins.
 *
 * The textbook equal-power pair cos θ, sin θ supposes signals that have nothing in common. A master resembles its
 * original so much that their sum would stand 3 dB above either in the middle of the fade: a bump on every switch.
 * With the correlation ρ of the two, the power of a·cos θ + b·sin θ is 1 + ρ·sin 2θ, so both gains are divided by
 * its root. ρ = 0 gives the textbook pair; ρ = 1 gives gains that add up to one.
 */
export function equalPowerFade(correlation: number, steps: number): { rising: Float32Array; falling: Float32Array } {
  const shared = Math.min(1, Math.max(0, correlation));
  const rising = new Float32Array(steps);
  const falling = new Float32Array(steps);
  for (let i = 0; i < steps; i += 1) {
    const angle = (i / (steps - 1)) * (Math.PI / 2);
    const power = Math.sqrt(1 + shared * Math.sin(2 * angle));
    rising[i] = Math.sin(angle) / power;
    falling[i] = Math.cos(angle) / power;
  }
  // The cosine of a right angle is not quite zero in floating point, and the side that is left must be silent.
  falling[steps - 1] = 0;
  return { rising, falling };
}

/**
 * Correlation of two planar signals at zero lag, over every `stride`-th frame: 1 for the same music at any gain.
 * Signals without power have nothing in common with anything: 0.
 */
export function correlation(a: Float32Array[], b: Float32Array[], stride: number): number {
  let [both, powerA, powerB] = [0, 0, 0];
  for (let channel = 0; channel < Math.min(a.length, b.length); channel += 1) {
    const [left, right] = [a[channel] as Float32Array, b[channel] as Float32Array];
    for (let i = 0; i < Math.min(left.length, right.length); i += stride) {
      const [x, y] = [left[i] as number, right[i] as number];
      both += x * y;
      powerA += x * x;
      powerB += y * y;
    }
  }
  return powerA > 0 && powerB > 0 ? both / Math.sqrt(powerA * powerB) : 0;
}
