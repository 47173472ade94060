import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { gathered, refusal } from '../../test/support/mnist-files.js';
import { parseCsv } from './csv.js';
import { describeDataset, loadDataset } from './load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-csv-'));
});
afterAll(() => rm(folder, { recursive: true }));

const csv = (options: Readonly<Record<string, string | number[]>>) => ({ name: 'csv', options });

describe('a CSV file', () => {
  it('has its label in the first column, or in the column given by `label`', async () => {
    await writeFile(join(folder, 'plain.csv'), '2,0.5,1\n0,-3,4e1\n\n');
    const data = await loadDataset(csv({ file: 'plain.csv' }), { baseDir: folder });
    expect(data).toMatchObject({ inputSize: 2, frames: 1, classes: 3 });
    expect([...data.train.y]).toEqual([2, 0]);
    expect(data.test.count).toBe(0);
    expect(gathered(data.train, [1, 0], 1, 2)).toEqual([-3, 40, 0.5, 1]);
    expect(await describeDataset(csv({ file: 'plain.csv' }), { baseDir: folder })).toEqual({
      frames: 1,
      inputSize: 2,
    });

    await writeFile(join(folder, 'named.csv'), '\ufeff"wide", class ,tall\r\n1,0,2\r\n3,1,4\r\n');
    await writeFile(join(folder, 'held.csv'), 'wide,class,tall\n5,4,6\n');
    const named = await loadDataset(
      csv({ file: 'named.csv', label: 'class', test: 'held.csv', normalize: [1, 2] }),
      {
        baseDir: folder,
      },
    );
    expect(named).toMatchObject({ inputSize: 2, classes: 5 });
    expect(gathered(named.train, [0, 1], 1, 2)).toEqual([0, 0.5, 1, 1.5]);
    expect([...named.test.y]).toEqual([4]);
    expect(gathered(named.test, [0], 1, 2)).toEqual([2, 2.5]);
  });

  it.each<[string, string, string | undefined, RegExp]>([
    ['empty', ' \n', undefined, /f is empty/],
    ['of a header alone', 'label,x\n', undefined, /has no samples/],
    ['of one column', '1\n2\n', undefined, /line 1: only one column/],
    ['ragged', '1,2\n1,2,3\n', undefined, /line 2: 3 columns: expected 2/],
    [
      'with a word among the values',
      '1,2\n1,two\n',
      undefined,
      /line 2: column 2 is `two`: expected a number/,
    ],
    ['with a gap', '1,2\n1,\n', undefined, /line 2: column 2 is ``: expected a number/],
    [
      'with names for labels',
      'kind,x\ncat,2\n',
      undefined,
      /line 2: invalid label `cat`: expected an integer from 0/,
    ],
    ['with a broken label', '1.5,2\n', undefined, /line 1: invalid label `1.5`/],
    ['without the named column', 'x,class\n1,2\n', 'clas', /line 1: unknown column `clas`/],
    ['without the header for it', '1,2\n', 'class', /line 1: label column `class` requires a header/],
  ])('is refused: %s', async (_, text, label, message) => {
    const found = await refusal(() => parseCsv(text, label, 'f'));
    expect(found.code).toBe('RFF650');
    expect(found.message).toMatch(message);
  });

  it('suggests the nearest column, and rejects missing and inconsistent files', async () => {
    expect((await refusal(() => parseCsv('x,class\n1,2\n', 'clas', 'f'))).hint).toBe('did you mean `class`?');
    const missing = await refusal(() => loadDataset(csv({ file: join(folder, 'absent.csv') })));
    expect(missing).toMatchObject({ code: 'RFF613', message: expect.stringContaining('absent.csv') });
    await writeFile(join(folder, 'two.csv'), '0,1,2\n');
    await writeFile(join(folder, 'three.csv'), '0,1,2,9\n');
    const apart = await refusal(() =>
      loadDataset(csv({ file: 'two.csv', test: 'three.csv' }), { baseDir: folder }),
    );
    expect(apart.message).toMatch(/two\.csv has 2 values per sample, .*three\.csv has 3/);
  });

  it('round-trips numbers and shape', () => {
    const row = (width: number) =>
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width });
    const table = fc
      .integer({ min: 1, max: 6 })
      .chain((width) => fc.array(fc.tuple(fc.nat({ max: 20 }), row(width)), { minLength: 1, maxLength: 8 }));
    fc.assert(
      fc.property(table, fc.boolean(), (rows, header) => {
        const width = rows[0]![1].length;
        const names = ['y', ...rows[0]![1].map((_, i) => `x${i}`)].join(',');
        const text = rows.map(([label, values]) => [label, ...values].join(',')).join('\n');
        const read = parseCsv(header ? `${names}\n${text}\n` : text, undefined, 'f');
        expect(read.columns).toBe(width);
        expect([...read.labels]).toEqual(rows.map(([label]) => label));
        // -0 is written as 0.
        expect([...read.values]).toEqual(rows.flatMap(([, values]) => values.map((v) => v + 0)));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseCsv(text, undefined, 'f');
        } catch (error) {
          if (!(error instanceof RffcError)) throw error;
        }
      }),
    );
  });
});
