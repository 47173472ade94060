/** `rffc generate`: images of labels, made by a trained network that has a decoder. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lowerGeneration } from '../compiler/graph/generation.js';
import type { ModelDocument } from '../compiler/model.js';
import { connectsLabel } from '../compiler/network.js';
import { failure } from '../grammar/diagnostic.js';
import { openBackend, type Precision } from '../runtime/backends.js';
import type { Normalization } from '../runtime/data/dataset.js';
import { loadDataset } from '../runtime/data/index.js';
import { generate, meanFrame } from '../runtime/generate/generate.js';
import { contactSheet, greyPicture, type Shape, shapeOf } from '../runtime/generate/pictures.js';
import { encodePng, type Picture } from '../runtime/report/png.js';
import { fileError } from '../runtime/run/files.js';
import { openTrained, readRun, type SavedRun } from '../runtime/run/run.js';
import { checkDataset } from '../runtime/train/batches.js';
import { type Io, misuse, pathOf, plural } from './io.js';

interface GenerateOptions {
  readonly out: string;
  readonly label?: number;
  readonly count?: number;
  readonly steps: number;
  readonly seed?: number;
  readonly start: 'noise' | 'mean';
  readonly grid?: Shape;
  readonly backend: string;
  readonly weights: 'best' | 'last';
  readonly threads?: number;
  readonly precision?: Precision;
  readonly device?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

/** Images made at a time. */
const MOST = 100;

export async function generateCommand(io: Io, folder: string, options: GenerateOptions): Promise<number> {
  const run = await readRun(pathOf(io, folder));
  const { document } = run;
  const labels = labelsOf(document, options.label);
  // Nothing is drawn from the mean: all images of a label would be the same.
  const fromMean = options.start === 'mean';
  const count = options.count ?? (fromMean ? 1 : 10);
  if (fromMean && count > 1)
    throw misuse(
      'from the mean there is one image of each label',
      'leave out `--count`, or start from noise',
    );
  const shape = shapeOf(document.input.size, options.grid ?? null);
  const out = emptyFolder(pathOf(io, options.out));
  const normalization = normalizationOf(document);
  const start = fromMean ? await meanOf(io, run, options) : null;
  const { steps, threads, precision, device } = options;
  const graph = lowerGeneration(document, Math.min(MOST, labels.length * count), steps);
  const { session } = await openTrained(
    run,
    {
      weights: options.weights,
      backend: options.backend,
      frames: 1,
      graph,
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
      ...(device === undefined ? {} : { device }),
    },
    openBackend,
  );
  try {
    const seed = options.seed ?? document.train.seed;
    const made = await generate(session, graph, { labels, count, seed, start, normalization });
    const digits = String(count - 1).length;
    const pictures = made.map(({ values }) => greyPicture(values, shape, normalization));
    const images = made.map(({ label, number }, i) => {
      const file = `${label}-${String(number).padStart(digits, '0')}.png`;
      writePng(join(out, file), pictures[i]!);
      return { file, label, number };
    });
    // A label a line; of one label, as near to a square as can be.
    const across = labels.length > 1 ? count : Math.ceil(Math.sqrt(count));
    writePng(join(out, SHEET), contactSheet(pictures, across));
    if (options.json) io.out(`${JSON.stringify({ folder: out, steps, seed, sheet: SHEET, images })}\n`);
    else
      io.out(
        `${plural(images.length, 'image')} of ${plural(labels.length, 'label')} in ${options.out}; all of ` +
          `them: ${join(options.out, SHEET)}\n`,
      );
    return 0;
  } finally {
    await session.dispose();
  }
}

const SHEET = 'sheet.png';

/**
 * The labels asked for: one, or all. @throws RffcError RFF931 where the network cannot generate, RFF933 for a label it
 * has not
 */
function labelsOf(document: ModelDocument, label: number | undefined): readonly number[] {
  const { name, decoder, input } = document;
  if (!decoder)
    throw failure('RFF931', `model \`${name}\` has no decoder, so it cannot show what it sees`, {
      hint: `add \`decode ${input.name} from ${document.layers[0]!.name}\` to the model and train it`,
    });
  if (!document.label || !connectsLabel(document))
    throw failure('RFF931', `the layers of \`${name}\` hear nothing of a label to generate by`, {
      hint: 'declare `label NAME[classes]` and connect it to a layer, or `embed` it',
    });
  const { classes } = document.label;
  if (label === undefined) return Array.from({ length: classes }, (_, k) => k);
  if (label < classes) return [label];
  throw failure('RFF933', `there is no label ${label}: \`${document.label.name}\` has ${classes}`, {
    hint: `choose one from 0 to ${classes - 1}, or leave out \`--label\` for all of them`,
  });
}

/** What the model's data set does to pixels. */
function normalizationOf({ train: { data } }: ModelDocument): Normalization {
  const { normalize } = data.options;
  const [mean, std] = Array.isArray(normalize) ? normalize : [0, 1];
  return { mean, std };
}

async function meanOf(io: Io, run: SavedRun, options: GenerateOptions): Promise<Float32Array> {
  const { document, config } = run;
  const dataDir = options.dataDir === undefined ? config.settings.dataDir : pathOf(io, options.dataDir);
  const dataset = await loadDataset(document.train.data, {
    baseDir: dirname(config.model.file),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  checkDataset(document, dataset);
  return meanFrame(dataset.train, dataset.frames, dataset.inputSize);
}

/** @throws RffcError RFF708 where something is in it already, RFF701 to RFF703 */
function emptyFolder(folder: string): string {
  let inside: string[];
  try {
    mkdirSync(folder, { recursive: true });
    inside = readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder);
  }
  if (inside.length > 0)
    throw failure('RFF708', `\`${folder}\` is not empty`, { file: folder, hint: 'choose another `--out`' });
  return folder;
}

function writePng(path: string, picture: Picture): void {
  try {
    writeFileSync(path, encodePng(picture));
  } catch (error) {
    throw fileError(error, path);
  }
}
