/** `rffc predict`: labels for samples of one's own, images or tensors, into a safetensors file. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openBackend, type Precision } from '../runtime/backends.js';
import { readSamples } from '../runtime/data/samples.js';
import { fileError } from '../runtime/run/files.js';
import { openTrained, readRun } from '../runtime/run/run.js';
import { writeSafetensors } from '../runtime/safetensors.js';
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
  const { input, train } = run.document;
  const { frames, samples, names } = await readSamples(pathOf(io, options.data), { input, data: train.data });
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
    const { labels, goodness, softmax } = prediction!;
    const shape = [samples.count, network.classes];
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
        ...(goodness ? [['goodness', { dtype: 'F32' as const, shape, data: goodness }] as const] : []),
        ...(softmax ? [['softmax', { dtype: 'F32' as const, shape, data: softmax }] as const] : []),
      ]),
      { model: run.document.name },
    );
    // Images that are files of their own are also told by name: the tensors have only their order.
    const files = names?.map((name, i) => ({ file: name, label: labels[i]! }));
    if (options.json) {
      const result = { samples: samples.count, classes: network.classes, out, ...(files ? { files } : {}) };
      io.out(`${JSON.stringify(result)}\n`);
    } else {
      for (const { file, label } of files ?? []) io.out(`${file}  ${label}\n`);
      io.out(`${plural(samples.count, 'sample')} labelled in ${options.out}\n`);
    }
    return 0;
  } finally {
    await session.dispose();
  }
}
