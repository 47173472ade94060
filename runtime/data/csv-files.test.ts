/** CSV files as pandas, Excel and Kaggle write them, plain and gzipped, in memory and on disk. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gathered, refusal } from '../../test/support/mnist-files.js';
import { describeDataset, loadDataset } from './load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-csv-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

const csv = (file: string, options = {}) => ({
  name: 'csv',
  options: { file: join(folder, file), ...options },
});
const write = (file: string, content: string | Uint8Array) => writeFile(join(folder, file), content);
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');

describe('the header of a CSV file', () => {
  it('is the numbers that pandas gives columns without names, with a warning', async () => {
    await write('pandas.csv', `0,1,2,3\n${lines(5, (i) => `${i % 2},7,${i},9`)}`);
    const { train, warnings } = await loadDataset(csv('pandas.csv'));
    expect(train.count).toBe(5);
    expect([...train.y]).toEqual([0, 1, 0, 1, 0]);
    expect(warnings).toMatchObject([
      { code: 'RFF673', message: expect.stringContaining('read as a header') },
    ]);
    await write('from-1.csv', `1,2,3,4\n${lines(5, (i) => `${i % 2},7,3,9`)}`);
    expect((await loadDataset(csv('from-1.csv'))).train.count).toBe(5);
  });

  it('follows `header`', async () => {
    await write('pandas.csv', `0,1,2,3\n${lines(5, (i) => `${i % 2},7,3,9`)}`);
    const sample = await loadDataset(csv('pandas.csv', { header: false }));
    expect(sample).toMatchObject({ warnings: [], train: { count: 6 } });
    const named = await loadDataset(csv('pandas.csv', { header: true, label: '3' }));
    expect(named.classes).toBe(10);
    expect(named.warnings).not.toMatchObject([{ code: 'RFF673' }]);
    await write('years.csv', '2019,2020\n0,1\n1,2\n');
    expect((await loadDataset(csv('years.csv', { header: true }))).train.count).toBe(2);
  });

  it('may be a sample if it is short, with a warning', async () => {
    await write('xor.csv', '0,1,2\n1,1,0\n1,0,1\n0,0,0\n');
    const { train, warnings } = await loadDataset(csv('xor.csv'));
    expect(train.count).toBe(4);
    expect(warnings).toMatchObject([{ code: 'RFF673', hint: expect.stringContaining('header: off') }]);
  });
});

describe('an index column', () => {
  it('is rejected as a label, and the label’s column named', async () => {
    await write('index.csv', `,0,1,2\n${lines(40, (i) => `${i},${i % 3},14,33`)}`);
    const found = await refusal(() => loadDataset(csv('index.csv')));
    expect(found).toMatchObject({ code: 'RFF672', hint: expect.stringContaining('`label: "0"`') });
    expect(found.message).toMatch(/the first column counts 0, 1, 2, …, so it is an index/);
    const { train, classes, warnings } = await loadDataset(csv('index.csv', { label: '0' }));
    expect({ count: train.count, classes }).toEqual({ count: 40, classes: 3 });
    expect(warnings).toMatchObject([{ code: 'RFF672', hint: expect.stringContaining('index=False') }]);
  });

  it('is recognized by its name in a short file', async () => {
    await write('named.csv', 'id,class,x\n1,0,5\n2,1,6\n3,0,7\n');
    expect((await refusal(() => loadDataset(csv('named.csv')))).hint).toContain('`label: "class"`');
    await write(
      'classes.csv',
      lines(10, (i) => `${i},0.5`),
    );
    expect(await loadDataset(csv('classes.csv'))).toMatchObject({ classes: 10, warnings: [] });
  });
});

describe('the labels of a CSV file', () => {
  it('that are words are listed with their numbers', async () => {
    await write('words.csv', 'label,x\n"digit 0",1\n"digit 10",2\n"digit 2",3\n"digit 0",4\n');
    const { code, message, hint } = await refusal(() => loadDataset(csv('words.csv')));
    expect(code).toBe('RFF650');
    expect(message).toMatch(/line 2: invalid label `digit 0`: expected an integer from 0/);
    expect(hint).toBe('number the classes from 0: `digit 0` = 0, `digit 2` = 1, `digit 10` = 2');
  });

  it('that are -1 and 1 are too, wherever the first of them is', async () => {
    await write('signs.csv', 'label,x\n1,1\n1,2\n-1,3\n');
    const { message, hint } = await refusal(() => loadDataset(csv('signs.csv')));
    expect(message).toMatch(/line 4: invalid label `-1`/);
    expect(hint).toBe('number the classes from 0: `-1` = 0, `1` = 1');
  });

  it('are counted from first_label', async () => {
    await write('letters.csv', 'label,x\n1,1\n3,2\n2,3\n');
    expect((await loadDataset(csv('letters.csv'))).warnings).toMatchObject([{ code: 'RFF617' }]);
    const { train, classes } = await loadDataset(csv('letters.csv', { first_label: 1 }));
    expect([...train.y]).toEqual([0, 2, 1]);
    expect(classes).toBe(3);
  });
});

describe('the cells of a CSV file', () => {
  it('may be quoted, with commas, quotes and line ends in them', async () => {
    await write('quoted.csv', '"a, or ""b""\nand c",label,"x"\n"1","0","2.5"\n3,1,"4"\n');
    const { train } = await loadDataset(csv('quoted.csv', { label: 'label' }));
    expect(gathered(train, [0, 1], 1, 2)).toEqual([1, 2.5, 3, 4]);
    await write('open.csv', 'label,x\n0,"1\n1,2\n');
    const open = await refusal(() => loadDataset(csv('open.csv')));
    expect(open.message).toMatch(/line 2: unclosed quote/);
  });

  it('are separated by commas: what else separates them is named', async () => {
    await write('excel.csv', 'label;x\n0;1\n');
    expect((await refusal(() => loadDataset(csv('excel.csv')))).hint).toMatch(/found semicolons/);
    await write('tabs.csv', '0\t1\n');
    expect((await refusal(() => loadDataset(csv('tabs.csv')))).hint).toMatch(/found tabs/);
  });

  it('make a square picture that can be transposed', async () => {
    await write('square.csv', '0,1,2,3,4\n1,5,6,7,8\n');
    const { train } = await loadDataset(csv('square.csv', { header: false, transpose: true }));
    expect(gathered(train, [0], 1, 4)).toEqual([1, 3, 2, 4]);
    await write('wide.csv', '0,1,2,9\n');
    expect((await refusal(() => loadDataset(csv('wide.csv', { transpose: true })))).code).toBe('RFF603');
  });

  it('are warned of if they are unscaled bytes', async () => {
    await write('bytes.csv', '0,0,255\n1,128,7\n');
    expect((await loadDataset(csv('bytes.csv'))).warnings).toMatchObject([{ code: 'RFF671' }]);
    expect((await loadDataset(csv('bytes.csv', { normalize: [0, 255] }))).warnings).toEqual([]);
    await write('small.csv', '0,0,12\n1,8,7\n');
    expect((await loadDataset(csv('small.csv'))).warnings).toEqual([]);
  });
});

describe('a CSV file of any length', () => {
  it('reads the same gzipped and plain', async () => {
    const text = `label,x,y\n${lines(3000, (i) => `${i % 7},${i},${i / 8}`)}`;
    await write('plain.csv', text);
    await write('packed.csv.gz', gzipSync(text));
    const plain = await loadDataset(csv('plain.csv', { label: 'label' }));
    const packed = await loadDataset(csv('packed.csv.gz', { label: 'label' }));
    expect(packed.train.y).toEqual(plain.train.y);
    const some = [0, 2999, 1500];
    expect(gathered(packed.train, some, 1, 2)).toEqual([0, 0, 2999, 374.875, 1500, 187.5]);
    expect(gathered(plain.train, some, 1, 2)).toEqual(gathered(packed.train, some, 1, 2));
    expect(await describeDataset(csv('packed.csv.gz'))).toEqual({ frames: 1, inputSize: 2 });
  });

  it('stays on disk if it does not fit in memory, and reads the same', async () => {
    const row = fc.array(fc.oneof(fc.nat(255), fc.float({ noNaN: true, noDefaultInfinity: true })), {
      minLength: 3,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), fc.boolean(), async (rows, crlf) => {
        const text = ['a,"läbel, too",b,c', ...rows.map(([a, b, c], i) => `${a},${i % 3},"${b}",${c}`)];
        await write('disk.csv', text.join(crlf ? '\r\n' : '\n'));
        const spec = csv('disk.csv', { label: 'läbel, too', normalize: [1, 2] });
        const held = await loadDataset(spec);
        const streamed = await loadDataset(spec, { memoryLimit: 1 });
        expect(streamed.train.y).toEqual(held.train.y);
        const all = rows.map((_, i) => i);
        expect(gathered(streamed.train, all, 1, 3)).toEqual(gathered(held.train, all, 1, 3));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the values of many chunks in their order', async () => {
    // Wide rows make chunks of few: here four samples.
    const columns = 2 ** 18;
    await write(
      'chunks.csv',
      lines(6, (i) => `${i},${Array.from({ length: columns }, (_, c) => (c === i ? 7 : i % 2)).join(',')}`),
    );
    const { train } = await loadDataset(csv('chunks.csv', { header: false }));
    const out = new Float32Array(columns);
    for (const i of [5, 0, 3, 4]) {
      train.gather([i], out);
      expect([out[i], out[columns - 1]]).toEqual([7, i % 2]);
    }
  });

  it('is rejected if compressed and too large for memory', async () => {
    const text = lines(3000, (i) => `${i % 7},${i}`);
    await write('packed.csv.gz', gzipSync(text));
    const found = await refusal(() =>
      loadDataset(csv('packed.csv.gz', { header: false }), { memoryLimit: 100 }),
    );
    expect(found).toMatchObject({ code: 'RFF614', hint: expect.stringContaining('gunzip') });
  });

  it('is rejected if truncated or of another kind', async () => {
    const whole = gzipSync(lines(300, (i) => `${i % 7},${i * i}`));
    await write('cut.csv.gz', whole.subarray(0, 200));
    const cut = await refusal(() => loadDataset(csv('cut.csv.gz')));
    expect(cut).toMatchObject({ code: 'RFF613', hint: expect.stringContaining('download or copy it again') });
    await write('page.csv', '<!DOCTYPE html><html>');
    expect((await refusal(() => loadDataset(csv('page.csv')))).message).toMatch(/a web page/);
    await write('arrays.csv', Buffer.from('\x93NUMPY\x01\0', 'latin1'));
    expect((await refusal(() => loadDataset(csv('arrays.csv')))).hint).toMatch(/numpy\(/);
  });
});
