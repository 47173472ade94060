/** The number of frames per sample, all that compiling needs of a model's data. */
import type { DataSpec } from '../compiler/model.js';
import { describeDataset } from '../runtime/data/load.js';
import { type Io, pathOf } from './io.js';

/** Looks up a data set's frames; paths in `data:` are relative to `baseDir`. */
export function framesOf(
  io: Io,
  baseDir: string,
  dataDir: string | undefined,
): (data: DataSpec) => Promise<number> {
  return async (data) => {
    const folders = { baseDir, ...(dataDir === undefined ? {} : { dataDir: pathOf(io, dataDir) }) };
    return (await describeDataset(data, folders)).frames;
  };
}
