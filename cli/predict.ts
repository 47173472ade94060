/** `rffc predict`: labels for samples of one's own, from a safetensors file into a safetensors file. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { failure } from '../grammar/diagnostic.js';
import { openBackend, type Precision } from '../runtime/backends.js';
import type { Split } from '../runtime/data/index.js';
import { fileError } from '../runtime/run/files.js';
import { openTrained, readRun } from '../runtime/run/run.js';
import { readSafetensors, toFloat32, writeSafetensors } from '../runtime/safetensors.js';
import { predict } from '../runtime/train/evaluate.js';
import { type Io, pathOf, plural } from './io.js';

interface PredictOptions {
  readonly data: string;
  readonly out: string;
  readonly backend: string;
  readonly weights: 'best' | 'last';
  readonly threads?: number;
  readonly precision?: Precision;
  readonly device?: number;
  readonly json?: true;
}

export async function predictCommand(io: Io, folder: string, options: PredictOptions): Promise<number> {
  const run = await readRun(pathOf(io, folder));
  const { input } = run.document;
  const { frames, samples } = await readSamples(pathOf(io, options.data), input.name, input.size);
  const { threads, precision, device, weights, backend } = options;
  const { network, session } = await openTrained(
    run,
    {
      weights,
      backend,
      frames,
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
      ...(device === undefined ? {} : { device }),
    },
    openBackend,
  );
  try {
    const prediction = await predict(session, network, samples);
    const { labels, goodness } = prediction!;
    const out = pathOf(io, options.out);
    try {
      mkdirSync(dirname(out), { recursive: true });
    } catch (error) {
      throw fileError(error, dirname(out));
    }
    await writeSafetensors(
      out,
      new Map([
        ['label', { dtype: 'I32' as const, shape: [samples.count], data: labels }],
        ['goodness', { dtype: 'F32' as const, shape: [samples.count, network.classes], data: goodness }],
      ]),
      { model: run.document.name },
    );
    if (options.json)
      io.out(`${JSON.stringify({ samples: samples.count, classes: network.classes, out })}\n`);
    else io.out(`${plural(samples.count, 'sample')} labelled in ${options.out}\n`);
    return 0;
  } finally {
    await session.dispose();
  }
}

/** `x` [N, d] or [N, frames, d] of a file, as samples. @throws RffcError RFF717 where it is not that. */
async function readSamples(
  file: string,
  input: string,
  size: number,
): Promise<{ frames: number; samples: Pick<Split, 'count' | 'gather'> }> {
  const { tensors } = await readSafetensors(file);
  const x = tensors.get('x');
  if (!x)
    throw failure('RFF717', `\`${file}\` has no tensor \`x\``, {
      file,
      hint: `it has ${[...tensors.keys()].slice(0, 8).join(', ') || 'none'}`,
    });
  const [count = 0, frames = 0, width = 0] = x.shape.length === 2 ? [x.shape[0], 1, x.shape[1]] : x.shape;
  if (x.shape.length < 2 || x.shape.length > 3 || width !== size || count === 0 || frames === 0) {
    const wanted = `\`input ${input}[${size}]\` takes [N, ${size}] or [N, frames, ${size}], with at least one sample`;
    throw failure('RFF717', `\`x\` is [${x.shape.join(', ')}], but ${wanted}`, { file });
  }
  const values = toFloat32(x);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw failure('RFF717', `\`x\` holds ${values[bad]} in sample ${Math.floor(bad / (frames * width))}`, {
      file,
    });
  const gather: Split['gather'] = (indices, out) => {
    indices.forEach((sample: number, i: number) => {
      for (let frame = 0; frame < frames; frame++) {
        const from = (sample * frames + frame) * width;
        out.set(values.subarray(from, from + width), (frame * indices.length + i) * width);
      }
    });
  };
  return { frames, samples: { count, gather } };
}
