/**
 * The networks of models/ that show a construct or a paper: each checks without diagnostics, is in canonical form, and
 * learns a little from a few batches of the built-in digits. `npm run results` measures what it reaches on its own
 * data.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { diagnose } from '../compiler/compile.js';
import { format } from '../grammar/format.js';
import { callerIn } from './support/calling.js';
import { isLong } from './support/effort.js';
import { testUnless } from './support/needs.js';

const models = join(import.meta.dirname, '../models');
const folder = mkdtempSync(join(tmpdir(), 'rffc-models-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);

/** The fields of `--json` output used here. */
interface Line {
  readonly event: string;
  readonly test_accuracy: number | null;
  readonly loss: Readonly<Record<string, number>>;
}

/**
 * Networks for images of 28 × 28, with the number of epochs on 2,000 digits after which they are well above chance.
 * Those that take longest are only trained in `npm run test:long`.
 */
const cases = [
  { name: 'symba', epochs: 2 },
  { name: 'residual', epochs: 2, long: true },
  { name: 'feedback_only', epochs: 3 },
  { name: 'spiking_surrogate', epochs: 4, long: true },
  { name: 'hinton_recurrent', epochs: 1, long: true },
  { name: 'hinton_local', epochs: 2, long: true },
] as const;

describe.each(cases)('$name', ({ name, epochs, ...rest }) => {
  const text = readFileSync(join(models, `${name}.rff`), 'utf8');

  test('is a valid model in canonical form', async () => {
    const { document, diagnostics } = await diagnose({ text, file: `${name}.rff` });
    expect(diagnostics).toEqual([]);
    expect(document!.name).toBe(name);
    expect(format(text)).toEqual({ text });
    // A comment at the top says whose network it is, or what it shows.
    expect(text).toMatch(/^\/\/ \S/);
  });

  const skipped = isLong || !('long' in rest) ? undefined : 'npm run test:long trains it';
  testUnless(skipped, 'learns', async () => {
    const digits = text.replace(/data: +mnist\(([^)]*)\)/, (_, normalize: string) =>
      normalize === ''
        ? 'data: digits(train: 2000, test: 300)'
        : 'data: digits(train: 2000, test: 300, normalize: [0.101, 0.249])',
    );
    expect(digits).not.toBe(text);
    writeFileSync(join(folder, `${name}.rff`), digits);
    const words = ['run', `${name}.rff`, '--epochs', `${epochs}`, '--out', name, '--json'];
    const { code, out, err } = await rffc(words);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    const epochsSeen = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .filter(({ event }) => event === 'epoch');
    const [first, last] = [epochsSeen[0]!, epochsSeen.at(-1)!];
    // Chance is one in ten; without predictions, the loss of every layer must fall.
    if (last.test_accuracy !== null) expect(last.test_accuracy).toBeGreaterThan(0.3);
    else
      for (const [layer, loss] of Object.entries(last.loss))
        expect(loss, layer).toBeLessThan(0.9 * first.loss[layer]!);
  });
});
