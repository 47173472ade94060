import { describe, expect, it } from 'vitest';
import { refusal } from '../../test/support/mnist-files.js';
import { floatSplit, imageSplit, pixelTable } from './dataset.js';
import { loadDataset } from './load.js';
import { pictureWarnings, summarize, trainedValues } from './measure.js';

const split = (values: number[], count: number, frames: number, inputSize: number) =>
  floatSplit(Float32Array.from(values), new Int32Array(count), undefined, frames, inputSize);

describe('samples in a few numbers', () => {
  it('are their range, means, borders, and which are blank', () => {
    const picture = [0, 0, 0, 0, 9, 0, 0, 0, 0];
    const found = summarize(split([...picture, ...new Array(9).fill(2)], 2, 1, 9), {
      ...{ frames: 1, inputSize: 9, file: 'f', layout: { rows: 3, columns: 3 } },
    });
    expect(found).toMatchObject({ min: 0, max: 9, whole: true, blank: [1] });
    expect([...found.means]).toEqual([1, 2]);
    expect([...found.borders!]).toEqual([0, 2]);
  });

  it('are the same for pictures read row by row', () => {
    const values = [1, 2, 3, 4, 5.5, 6, 7, 8, 9, 10, 11, 12];
    const layout = { rows: 2, columns: 3 };
    const still = summarize(split(values, 2, 1, 6), { frames: 1, inputSize: 6, file: 'f', layout });
    const rows = summarize(split(values, 2, 2, 3), { frames: 2, inputSize: 3, file: 'f', layout });
    expect(rows).toEqual(still);
    expect(still.whole).toBe(false);
  });

  it('refuse what is not finite, with the sample', async () => {
    const bad = split([1, 2, Number.NaN, 4], 2, 1, 2);
    const found = await refusal(() => summarize(bad, { frames: 1, inputSize: 2, file: 'f', layout: null }));
    expect(found).toMatchObject({ code: 'RFF717', message: 'f contains NaN in sample 1' });
  });
});

describe('unusual images', () => {
  it('are those that look inverted and those that are blank, against the digits trained on', async () => {
    const dataset = await loadDataset({ name: 'digits', options: { train: 100, test: 20, seed: 1 } });
    const trained = trainedValues(dataset);
    expect(trained).toMatchObject({ min: 0, max: 1, rows: 28, columns: 28 });
    expect(trained.border!).toBeLessThan(0.1);
    const digits = new Float32Array(20 * 784);
    dataset.test.gather([...Array(20).keys()], digits);
    const bytes = Uint8Array.from(digits, (value) => Math.round(255 * value));
    const warned = (pixels: Uint8Array) => {
      const shape = { y: new Int32Array(20), frames: 1, inputSize: 784 };
      const samples = imageSplit(pixels, shape, pixelTable({ mean: 0, std: 1 }));
      const layout = { rows: 28, columns: 28 };
      const summary = summarize(samples, { frames: 1, inputSize: 784, file: 'f', layout });
      const nameOf = (sample: number) => `${sample}.png`;
      return pictureWarnings(summary, trained, {
        ...{ file: 'f', inverted: false, transparent: false },
        nameOf,
      });
    };
    expect(warned(bytes)).toEqual([]);
    const [inverted] = warned(bytes.map((byte) => 255 - byte));
    expect(inverted).toMatchObject({ code: 'RFF763', hint: expect.stringContaining('`--invert`') });
    expect(inverted!.message).toBe(
      '20 of 20 samples (0.png, 1.png, 2.png, …) are mostly white, the training images mostly black: inverted?',
    );
    const blank = Uint8Array.from(bytes);
    blank.fill(0, 784, 2 * 784);
    expect(warned(blank)).toMatchObject([
      { code: 'RFF764', message: '1.png is blank: all pixels are equal' },
    ]);
  });
});
