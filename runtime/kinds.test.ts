import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOfFile } from './kinds.js';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
/** A zip archive as far as its first member's name. */
const zip = (name: string) => bytes(`PK\x03\x04${'\0'.repeat(26)}${name}`);

describe('the kind of a file', () => {
  it.each<[Uint8Array, RegExp, RegExp]>([
    [bytes('\x93NUMPY\x01\0'), /NumPy array/, /^`numpy\("f"\)`/],
    [zip('x_train.npy'), /NumPy archive/, /^`numpy\("f"\)`/],
    [zip('model/data.pkl'), /PyTorch/, /torch\.load\('f'\)/],
    [zip('[Content_Types].xml'), /Excel/, /CSV/],
    [zip('train.csv'), /zip archive/, /unzip 'f'/],
    [bytes('\x89HDF\r\n\x1a\n'), /HDF5/, /python -c/],
    [bytes('MATLAB 5.0 MAT-file'), /MATLAB/, /loadmat/],
    [bytes('PAR1\x15'), /Parquet/, /read_parquet/],
    [bytes('\x80\x04\x95\0'), /pickle/, /np\.savez/],
    [bytes('\xff\xd8\xff\xe0'), /JPEG/, /image_folder/],
    [bytes('\x89PNG\r\n'), /PNG/, /image_folder/],
    [bytes('\0\0\x08\x03\0\0\0\x01'), /IDX/, /`idx\("dir"\)`/],
    [bytes('\xef\xbb\xbflabel,"x"\n0,1\n'), /table/, /^`csv\("f"\)`/],
    [bytes('version https://git-lfs.github.com/spec/v1\n'), /Git LFS/, /git lfs pull/],
    [bytes(`${'\0'.repeat(257)}ustar`), /tar archive/, /tar xf 'f'/],
    [bytes('\xef\xbb\xbf\n<!DOCTYPE html>'), /web page.*`<!DOCTYPE`/, /download the file again/],
    [bytes('<?xml version="1.0"?><Error><Code>AccessDenied'), /web page/, /download the file again/],
  ])('is told by its first bytes: %#', (head, what, hint) => {
    const kind = kindOfFile(head)!;
    expect(kind.what).toMatch(what);
    expect(kind.hint('f')).toMatch(hint);
  });

  it('is unknown for numbers, text and nothing', () => {
    for (const text of ['', '1\n2\n', 'hello, world', '\0\0\x08\x01', '{"x": 1,\n"y":2}\n'])
      expect(kindOfFile(bytes(text))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (head) => void kindOfFile(head)));
  });
});
