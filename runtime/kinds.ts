/**
 * Recognizes file formats by their first bytes, so that a message about a wrong file names its format and the call that
 * reads it or the command that converts it.
 */

export interface FileKind {
  /** A noun phrase. */
  readonly what: string;
  /** The hint for `file`. */
  hint(file: string): string;
  /** The data set that reads such files. */
  readonly dataset?: 'numpy' | 'csv' | 'idx' | 'image_folder';
}

const python = (code: string) => `convert it: python -c "${code}"`;
/** The call that reads a file. */
const call = (dataset: string) => (file: string) => `\`${dataset}(${JSON.stringify(file)})\` reads it`;

/** How much of a file's beginning is enough to recognize it. */
export const SNIFFED_BYTES = 512;

interface Signature extends FileKind {
  /** Bytes, as Latin-1 characters. */
  readonly begins: string;
  /** Their offset; default 0. */
  readonly at?: number;
}

/** In the order they are tried. */
const SIGNATURES: readonly Signature[] = [
  { begins: '\x93NUMPY', what: 'a NumPy array', hint: call('numpy'), dataset: 'numpy' },
  {
    begins: '\0\0\x08\x03',
    what: 'an IDX file of images',
    hint: () => '`idx("dir")` reads a folder of four such files',
    dataset: 'idx',
  },
  {
    begins: 'version https://git-lfs',
    what: 'a Git LFS pointer',
    hint: () => 'run `git lfs pull` in its repository',
  },
  {
    begins: '\x89HDF\r\n',
    what: 'an HDF5 file',
    hint: (file) =>
      python(
        `import h5py, numpy as np; f = h5py.File('${file}'); np.savez('${file}.npz', **{k: f[k][:] for k in f})`,
      ),
  },
  {
    begins: 'MATLAB 5.0',
    what: 'a MATLAB file',
    hint: (file) =>
      python(
        `import scipy.io as s, numpy as np; d = s.loadmat('${file}'); np.savez('${file}.npz', **{k: d[k] ` +
          "for k in d if k[0] != '_'})",
      ),
  },
  {
    begins: 'PAR1',
    what: 'a Parquet file',
    hint: (file) =>
      python(`import pandas as pd; pd.read_parquet('${file}').to_csv('${file}.csv', index=False)`),
  },
  { begins: '\x89PNG', what: 'a PNG image', hint: pictures, dataset: 'image_folder' },
  { begins: '\xff\xd8\xff', what: 'a JPEG image', hint: pictures, dataset: 'image_folder' },
  { begins: 'ustar', at: 257, what: 'a tar archive', hint: (file) => `unpack it: tar xf '${file}'` },
  { begins: 'BZh', what: 'a bzip2 file', hint: (file) => `decompress it: bunzip2 '${file}'` },
  { begins: '\xfd7zXZ', what: 'an xz file', hint: (file) => `decompress it: unxz '${file}'` },
  {
    begins: '\x28\xb5\x2f\xfd',
    what: 'a zstd file',
    hint: (file) => `decompress it: unzstd '${file}'`,
  },
  { begins: '7z\xbc\xaf', what: 'a 7-Zip archive', hint: (file) => `unpack it: 7z x '${file}'` },
  { begins: 'Rar!', what: 'a RAR archive', hint: (file) => `unpack it: unrar x '${file}'` },
  { begins: '\x1f\x8b', what: 'a gzip file', hint: (file) => `decompress it: gunzip '${file}'` },
];

function pictures(): string {
  return '`image_folder("dir")` reads images, in one folder per class';
}

/** A web page sent instead of a file. */
const WEB_PAGE =
  /^\s*(?:<!doctype html|<html|<\?xml[^>]*>\s*<!doctype html|<head|<Error>|<\?xml[^>]*>\s*<Error>)/i;

/** A line of text with commas, and the start of the next. */
const TABLE = /^(?:\xef\xbb\xbf)?[^\0\n{}<>]*,[^\0\n{}<>]*\n[^\0{}<>]*$/;

/** The kind of file that begins with these bytes (300 are enough for all kinds), or undefined. */
export function kindOfFile(head: Uint8Array): FileKind | undefined {
  const text = Array.from(head.subarray(0, 512), (byte) => String.fromCharCode(byte)).join('');
  const page = WEB_PAGE.exec(text.replace(/^\xef\xbb\xbf/, ''));
  if (page) {
    return {
      what: `a web page beginning with \`${page[0].trim().split(/[\s>]/, 1)[0]}\``,
      hint: () => 'the server sent a web page: download the file again',
    };
  }
  if (text.startsWith('PK')) return archive(text);
  // Pickle protocols 2 to 5 begin with the protocol number and an opcode, which text cannot.
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) {
    return {
      what: 'a Python pickle',
      hint: () => 'load it in Python and save its arrays: np.savez("data.npz", x=x, y=y)',
    };
  }
  const kind = SIGNATURES.find(({ begins, at = 0 }) => text.startsWith(begins, at));
  return kind ?? (TABLE.test(text) ? { what: 'a table', hint: call('csv'), dataset: 'csv' } : undefined);
}

/** A zip archive, by the name of its first member. */
function archive(text: string): FileKind {
  const name = text.slice(30);
  if (/^[^/]{1,200}\.npy/.test(name))
    return { what: 'a NumPy archive', hint: call('numpy'), dataset: 'numpy' };
  if (/^[^/]{1,200}\/(?:data\.pkl|\.format_version|byteorder|version)/.test(name)) {
    return {
      what: 'a PyTorch file',
      hint: (file) =>
        python(
          `import torch, numpy as np; x, y = torch.load('${file}')[:2]; np.savez('${file}.npz', ` +
            'x=x.numpy(), y=y.numpy())',
        ),
    };
  }
  if (/^(?:\[Content_Types\]|xl\/|_rels\/)/.test(name))
    return { what: 'an Excel file', hint: () => 'save it as CSV' };
  return { what: 'a zip archive', hint: (file) => `unpack it: unzip '${file}'` };
}
