/** `rffc data sample`: a sample of a data set as a picture, to look at or to try a network on. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { failure } from '../grammar/diagnostic.js';
import { type Dataset, loadDataset, type Split } from '../runtime/data/index.js';
import { contactSheet, greyPicture, shapeOf } from '../runtime/generate/pictures.js';
import { encodePng, type Picture } from '../runtime/report/png.js';
import { checkWritable, fileError } from '../runtime/run/files.js';
import { findDataset } from './data.js';
import { type Io, misuse, pathOf } from './io.js';

interface SampleOptions {
  readonly out: string;
  readonly index: number;
  readonly split: 'train' | 'test';
  readonly dataDir?: string;
  readonly json?: true;
}

/**
 * @throws RffcError RFF905 where there is no such sample, RFF932 where its values are no picture, and what loading
 * throws
 */
export async function sampleCommand(io: Io, name: string, options: SampleOptions): Promise<number> {
  const { call } = findDataset(name);
  if (call.includes('"'))
    throw misuse(
      `\`${name}\` reads files that a model names`,
      'choose a data set of its own, as `digits` is',
    );
  const out = pathOf(io, options.out);
  checkWritable(dirname(out), 'choose a path you can write to: `--out FILE`');
  const { dataDir, index, split } = options;
  const dataset = await loadDataset(
    { name, options: {} },
    dataDir === undefined ? {} : { dataDir: pathOf(io, dataDir) },
  );
  const samples = dataset[split];
  if (index >= samples.count) {
    throw failure('RFF905', `\`${name}\` has no ${split} sample ${index}`, {
      hint:
        samples.count === 0
          ? 'try `--split train`'
          : `its ${samples.count} ${split} samples are numbered from 0 to ${samples.count - 1}`,
    });
  }
  const picture = pictureOf(dataset, samples, index);
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, encodePng(picture));
  } catch (error) {
    throw fileError(error, options.out);
  }
  const label = samples.y[index]!;
  if (options.json) io.out(`${JSON.stringify({ data: name, split, index, label, out })}\n`);
  else io.out(`wrote ${options.out}: ${split} sample ${index} of ${name}, label ${label}\n`);
  return 0;
}

/** A sample in grey. Frames stand side by side; those that are rows of one picture, one below the other. */
function pictureOf({ frames, inputSize }: Dataset, samples: Split, index: number): Picture {
  const values = new Float32Array(frames * inputSize);
  samples.gather([index], values);
  const asLoaded = { mean: 0, std: 1 };
  const isSquare = Number.isInteger(Math.sqrt(inputSize));
  if (frames > 1 && !isSquare) return greyPicture(values, { rows: frames, columns: inputSize }, asLoaded);
  const { rows, columns } = samples.grid ?? shapeOf(inputSize, null);
  const shape = rows * columns === inputSize ? { rows, columns } : shapeOf(inputSize, null);
  const pictures = Array.from({ length: frames }, (_, frame) =>
    greyPicture(values.subarray(frame * inputSize, (frame + 1) * inputSize), shape, asLoaded),
  );
  return frames === 1 ? pictures[0]! : contactSheet(pictures, frames);
}
