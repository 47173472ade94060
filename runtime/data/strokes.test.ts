import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { gathered, noMnist, realMnist, refusal } from '../../test/support/mnist-files.js';
import { testUnless } from '../../test/support/needs.js';
import { describeDataset, loadDataset } from './load.js';
import { parseSequence } from './strokes.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-strokes-'));
});
afterAll(() => rm(folder, { recursive: true }));

const oneHot = (label: number) => Array.from({ length: 10 }, (_, i) => Number(i === label)).join(' ');
const labelled = (label: number, ...points: string[]) =>
  `${points.map((point) => `${oneHot(label)} ${point}`).join('\n')}\n`;

async function write(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const target = join(folder, name);
  await mkdir(target, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(target, file), text);
  return target;
}
const strokes = (dir: string, frames: number) => ({ name: 'strokes', options: { dir, frames } });

describe('stroke sequences', () => {
  it('are read in the order of their images and repeated up to the frames', async () => {
    const dir = await write('sound/sequences', {
      'trainimg-10-targetdata.txt': labelled(7, '1 2 0 0', '3 -4 1 1'),
      'trainimg-2-targetdata.txt': labelled(3, '5 6 0 0'),
      // The labelled file of an image is preferred.
      'trainimg-2-inputdata.txt': '9 9 9 9\n',
      'testimg-0-targetdata.txt': labelled(0, '0 1 0 0', '0 2 0 0', '0 3 1 1'),
      'trainlabels.txt': 'not read',
    });
    const data = await loadDataset(strokes(join(dir, '..'), 5));
    expect(data).toMatchObject({ name: 'strokes', inputSize: 4, frames: 5, classes: 10 });
    expect([...data.train.y, ...data.test.y]).toEqual([3, 7, 0]);
    const [odd, even] = [
      [1, 2, 0, 0],
      [3, -4, 1, 1],
    ];
    const five = [5, 6, 0, 0];
    expect(gathered(data.train, [1, 0], 5, 4)).toEqual(
      [odd, five, even, five, odd, five, even, five, odd, five].flat(),
    );
    // Fewer frames than points: the rest is not seen.
    const short = await loadDataset(strokes(dir, 2));
    expect(gathered(short.test, [0], 2, 4)).toEqual([0, 1, 0, 0, 0, 2, 0, 0]);
    expect(await describeDataset(strokes(dir, 5))).toEqual({ frames: 5, inputSize: 4, classes: 10 });
  });

  testUnless(noMnist, 'without labels have those of MNIST, by their number', async () => {
    const dir = await write('unlabelled', {
      'trainimg-0-inputdata.txt': '1 1 1 1\n',
      'trainimg-4-inputdata.txt': '1 1 1 1\n',
    });
    const data = await loadDataset(strokes(dir, 1), { dataDir: join(realMnist()!, '..') });
    expect([...data.train.y]).toEqual([5, 9]);
    const beyond = await write('beyond', { 'trainimg-60000-inputdata.txt': '1 1 1 1\n' });
    const { message } = await refusal(() =>
      loadDataset(strokes(beyond, 1), { dataDir: join(realMnist()!, '..') }),
    );
    expect(message).toMatch(
      /trainimg-60000-inputdata\.txt has no label: .* MNIST has no image with its number/,
    );
  });

  it('are named with a fix if missing or malformed', async () => {
    const missing = await refusal(() => loadDataset(strokes(join(folder, 'nowhere'), 3)));
    expect(missing.code).toBe('RFF602');
    expect(missing.hint).toContain('strokes("dir")');
    const dir = await write('lonely', { 'trainimg-1-inputdata.txt': '1 1 1 1\n' });
    const unlabelled = await refusal(() => loadDataset(strokes(dir, 3), { dataDir: folder }));
    expect(unlabelled).toMatchObject({
      code: 'RFF651',
      hint: expect.stringContaining('rffc data fetch mnist'),
    });
    expect((await refusal(() => loadDataset({ name: 'strokes', options: { dir: 3 } }))).code).toBe('RFF603');
    expect((await refusal(() => loadDataset(strokes(dir, 0)))).code).toBe('RFF603');
  });

  it.each([
    ['three columns', '1 2 0 0\n1 2 3\n', false, /line 2: 3 columns: expected 4/],
    ['a word', '1 x 0 0\n', false, /line 1: `1 x 0 0` is not a row of numbers/],
    ['nothing', '\n\n', false, /has no points/],
    ['no label', `${oneHot(11)} 1 2 0 0\n`, true, /line 1: no one-hot label in the first ten columns/],
  ] as const)('with %s are refused', async (_, text, hasLabel, message) => {
    const found = await refusal(() => parseSequence(text, hasLabel, 'f'));
    expect(found.code).toBe('RFF651');
    expect(found.message).toMatch(message);
  });

  it('never throw anything but RffcError, whatever their text', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (text, hasLabel) => {
        try {
          parseSequence(text, hasLabel, 'f');
        } catch (error) {
          if (!(error instanceof RffcError)) throw error;
        }
      }),
    );
  });
});
