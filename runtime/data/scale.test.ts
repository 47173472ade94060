import { describe, expect, it } from 'vitest';
import { refusal } from '../../test/support/mnist-files.js';
import { pixelTable } from './dataset.js';
import type { Summary } from './measure.js';
import { kindOfValues, mapOf, type NumberType, rangeWarnings, type Scale } from './scale.js';

const pictures: Scale = { top: 255, mean: 0.1307, std: 0.3081 };
const own: Scale = { top: 1, mean: 10, std: 5 };
const values = (min: number, max: number, whole = false): Summary => ({
  ...{ min, max, whole, means: new Float32Array(1), borders: null, blank: [] },
});

describe('what the numbers of a source are', () => {
  it.each<[NumberType, Summary, string]>([
    ['integer', values(0, 255, true), 'raw'],
    ['integer', values(0, 1, true), 'raw'],
    ['boolean', values(0, 1, true), 'unit'],
    ['real', values(0, 1), 'unit'],
    ['real', values(0, 0, true), 'unit'],
    ['real', values(0, 255, true), 'raw'],
    ['real', values(0.3, 254.8), 'raw'],
    ['real', values(-0.42, 2.82), 'normalized'],
    ['real', values(0, 2.82), 'normalized'],
    ['real', values(-1, 255, true), 'normalized'],
  ])('%s %o', (type, summary, kind) => {
    expect(kindOfValues(pictures, type, summary, 'f')).toBe(kind);
    expect(kindOfValues(own, type, summary, 'f')).toBe('raw');
  });

  it('rejects integers that are not pixels', async () => {
    const found = await refusal(() => kindOfValues(pictures, 'integer', values(-3, 300, true), 'f.npy'));
    expect(found).toMatchObject({ code: 'RFF761', message: expect.stringContaining('from -3 to 300') });
  });
});

describe('the map to what a network sees', () => {
  it('is the training data’s own for raw values, to the last bit', () => {
    const table = pixelTable(pictures);
    const map = mapOf(pictures, 'raw', false);
    for (let byte = 0; byte < 256; byte++) expect(Math.fround(map(byte))).toBe(table[byte]);
    expect(mapOf(own, 'raw', false)(15)).toBe(1);
  });

  it('agrees for the same picture in each kind, also inverted', () => {
    for (const scale of [pictures, own]) {
      for (const invert of [false, true]) {
        for (const byte of [0, 1, 100, 255]) {
          const raw = mapOf(scale, 'raw', invert)(byte);
          expect(mapOf(scale, 'unit', invert)(byte / 255)).toBeCloseTo(raw, 10);
          const normalized = mapOf(scale, 'raw', false)(byte);
          expect(mapOf(scale, 'normalized', invert)(normalized)).toBeCloseTo(raw, 10);
        }
        expect(mapOf(scale, 'raw', true)(0)).toBe(mapOf(scale, 'raw', false)(255));
      }
    }
  });
});

describe('values on another scale', () => {
  const context = { scale: pictures, file: 'f' };
  it('are warned of with both ranges and a suggestion', () => {
    const [warning] = rangeWarnings({ min: -1, max: 1 }, { min: -0.424, max: 2.82 }, context);
    expect(warning).toMatchObject({ code: 'RFF761', severity: 'warning' });
    expect(warning!.message).toBe(
      'values from -1 to 1 after normalization, but the network was trained on -0.424 to 2.82',
    );
    const [dark] = rangeWarnings({ min: 0, max: 1 / 255 }, { min: 0, max: 1 }, context);
    expect(dark!.hint).toContain('`--values unit`');
    const bytes = { scale: { top: 1, mean: 0, std: 1 }, file: 'f' };
    expect(rangeWarnings({ min: 0, max: 255 }, { min: 0, max: 1 }, bytes)[0]!.hint).toContain(
      '`--normalize 0,1`',
    );
  });
  it('are not warned of if a table’s new rows exceed the range slightly', () => {
    const table = { scale: own, file: 'f' };
    expect(rangeWarnings({ min: -1.2, max: 1.1 }, { min: -1, max: 1 }, table)).toEqual([]);
    expect(rangeWarnings({ min: -1, max: 30 }, { min: -1, max: 1 }, table)).toHaveLength(1);
  });
});
