/** `rffc data`: lists, describes and downloads data sets. */
import { failure, RffcError } from '../grammar/diagnostic.js';
import { asCalled } from '../grammar/render.js';
import { closest } from '../grammar/suggest.js';
import { type DatasetListing, datasetList, fetchDataset, loadDataset } from '../runtime/data/index.js';
import { type Io, misuse, pathOf } from './io.js';

export function listCommand(io: Io, options: { readonly json?: true }): number {
  if (options.json) {
    io.out(`${JSON.stringify(datasetList, null, 2)}\n`);
    return 0;
  }
  const width = Math.max(...datasetList.map(({ name }) => name.length));
  for (const { name, summary } of datasetList) io.out(`${name.padEnd(width)}  ${summary}\n`);
  return 0;
}

export async function infoCommand(
  io: Io,
  name: string,
  options: { readonly dataDir?: string; readonly json?: true },
): Promise<number> {
  const listing = findDataset(name);
  const found = await present(io, listing, options.dataDir);
  if (options.json) {
    io.out(`${JSON.stringify({ ...listing, here: found ?? null }, null, 2)}\n`);
    return 0;
  }
  const lines = [listing.summary, ...listing.details, '', `in a model:  data: ${listing.call}`];
  if (listing.files) {
    lines.push('', 'files (SHA-256 of the decompressed bytes):');
    for (const file of Object.values(listing.files.files)) {
      lines.push(
        `  ${file.name.padEnd(24)} ${file.bytes.toLocaleString('en').padStart(10)} bytes  ${file.sha256}`,
      );
    }
  }
  if (found)
    lines.push(
      '',
      found.problem ?? `installed: ${found.train} training and ${found.test} test samples, verified`,
    );
  io.out(`${asCalled(lines.join('\n'), io.command)}\n`);
  return 0;
}

export async function fetchCommand(
  io: Io,
  name: string,
  options: { readonly dataDir?: string },
): Promise<number> {
  const listing = findDataset(name);
  if (!listing.files) {
    throw misuse(`\`${name}\` has no files to download`, `see \`${io.command} data info ${name}\``, 'RFF729');
  }
  const dataDir = options.dataDir === undefined ? undefined : pathOf(io, options.dataDir);
  const { folder, downloaded } = await fetchDataset(name, {
    ...(dataDir === undefined ? {} : { dataDir }),
    onProgress({ file, received, total }) {
      const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
      const of = total === null ? '' : ` of ${mebibytes(total)}`;
      if (io.terminal) io.err(`\r\x1b[K${file}: ${mebibytes(received)}${of} MiB`);
    },
  });
  if (io.terminal) io.err('\r\x1b[K');
  const files = downloaded.length === 0 ? 'already installed' : `downloaded (${downloaded.join(', ')})`;
  io.out(`${name} ${files}: ${folder}\n`);
  return 0;
}

/** @throws RffcError RFF600 */
export function findDataset(name: string): DatasetListing {
  const listing = datasetList.find((entry) => entry.name === name);
  if (listing) return listing;
  const names = datasetList.map((entry) => entry.name);
  // A call, as a model writes it, is answered with its name.
  const [called] = name.split('(') as [string];
  const near = names.includes(called) ? called : closest(called, names);
  throw failure('RFF600', `unknown data set \`${name}\``, {
    hint: near ? `did you mean \`${near}\`?` : `data sets: ${names.join(', ')}`,
  });
}

/** Loads a data set that needs no arguments: its samples, or why they cannot be loaded. */
async function present(
  io: Io,
  { name, call }: DatasetListing,
  folder: string | undefined,
): Promise<{ train: number; test: number; problem?: undefined } | { problem: string } | undefined> {
  if (call.includes('"')) return undefined;
  try {
    const { train, test } = await loadDataset(
      { name, options: {} },
      folder === undefined ? {} : { dataDir: pathOf(io, folder) },
    );
    return { train: train.count, test: test.count };
  } catch (error) {
    if (error instanceof RffcError)
      return {
        problem: error.diagnostics
          .flatMap(({ message, hint }) => (hint === undefined ? [message] : [message, hint]))
          .join('\n'),
      };
    throw error;
  }
}
