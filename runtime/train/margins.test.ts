import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseLabels } from './evaluate.js';
import { goodnessMargins } from './margins.js';

test('a margin is the distance to the best of the other labels, on the side that is right', () => {
  const goodness = Float32Array.of(1, 2, 4, /**/ 3, 1, 2, /**/ 0.5, 0.5, 9);
  expect(goodnessMargins(goodness, Int32Array.of(0, 0, 1), 3, 'min')).toEqual({
    mean: (1 - 2 + 0) / 3,
    p5: -2,
    median: 0,
    p95: 1,
    perClass: [-0.5, 0, null],
  });
  expect(goodnessMargins(goodness, Int32Array.of(2, 0, 2), 3, 'max')).toMatchObject({
    mean: (2 + 1 + 8.5) / 3,
    perClass: [1, null, 5.25],
  });
  expect(goodnessMargins(new Float32Array(0), new Int32Array(0), 3, 'min')).toBeNull();
});

test('it is above 0 exactly where the prediction is right, but for ties', () => {
  const row = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(row, fc.nat(3), fc.constantFrom('min', 'max'), (values, label, direction) => {
      const goodness = Float32Array.from(values);
      const { mean } = goodnessMargins(goodness, Int32Array.of(label), 4, direction)!;
      const [chosen] = chooseLabels(goodness, 4, direction);
      if (mean !== 0) expect(mean > 0).toBe(chosen === label);
      else expect(values.filter((v) => v === values[chosen!]).length).toBeGreaterThan(1);
    }),
  );
});
