/** `rffc export`: a trained network's prediction as an ONNX model. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lower } from '../compiler/graph/lower.js';
import { describeDataset } from '../runtime/data/load.js';
import { fileError, writeAtomically } from '../runtime/files.js';
import { BEST, CHECKPOINT } from '../runtime/folder/folder.js';
import { exportOnnx } from '../runtime/onnx/export.js';
import { readCheckpoint } from '../runtime/run/checkpoint.js';
import { readRun } from '../runtime/run/run.js';
import { predictsBy } from '../runtime/train/evaluate.js';
import { rffcVersion } from '../runtime/version.js';
import { type Io, pathOf } from './io.js';

interface ExportOptions {
  readonly onnx: string;
  readonly weights: 'best' | 'last';
  readonly frames?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

export async function exportCommand(io: Io, folder: string, options: ExportOptions): Promise<number> {
  const run = await readRun(pathOf(io, folder));
  const { document, config } = run;
  const dataDir = options.dataDir === undefined ? config.settings.dataDir : pathOf(io, options.dataDir);
  const frames =
    options.frames ??
    (
      await describeDataset(document.train.data, {
        baseDir: dirname(config.model.file),
        ...(dataDir === undefined ? {} : { dataDir }),
      })
    ).frames;
  const graph = lower(document, { batch: 1, frames });
  // As `eval` and `predict` do: the latest weights if no epoch was evaluated.
  const file = options.weights === 'best' && existsSync(join(run.folder, BEST)) ? BEST : CHECKPOINT;
  const { tensors } = await readCheckpoint(join(run.folder, file), graph.tensors, { state: false });
  const { bytes, nodes } = exportOnnx(graph, tensors, {
    version: rffcVersion(),
    metadata: { 'rffc.model': config.model.text, 'rffc.weights': file },
  });
  const path = pathOf(io, options.onnx);
  writeBytes(path, bytes);
  const { input, label } = document;
  const x = frames === 1 ? `[N, ${input.size}]` : `[N, ${frames}, ${input.size}]`;
  if (options.json)
    io.out(`${JSON.stringify({ out: path, bytes: bytes.length, nodes, frames, classes: graph.classes })}\n`);
  else
    io.out(
      `wrote ${options.onnx}: x ${x} in, label [N] and ${predictsBy(document)} [N, ${label!.classes}] out, ` +
        `${(bytes.length / 2 ** 20).toFixed(1)} MiB\n`,
    );
  return 0;
}

/** Writes a file atomically, and creates its folder. @throws RffcError RFF701 to RFF703 */
function writeBytes(path: string, bytes: Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw fileError(error, path);
  }
  writeAtomically(path, bytes);
}
