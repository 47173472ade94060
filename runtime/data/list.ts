/** The data sets of the language in words: what `rffc data list` and `rffc data info NAME` print. */

import { KNOWN, type KnownDataset } from './known.js';

export interface DatasetListing {
  readonly name: string;
  /** How it is written in a model. */
  readonly call: string;
  readonly summary: string;
  readonly details: readonly string[];
  /** Published files, where it has some; `rffc data fetch` gets them. */
  readonly files: KnownDataset | null;
}

export const datasetList: readonly DatasetListing[] = [
  {
    name: 'digits',
    call: 'digits(train: 10000, test: 2000, seed: 1, normalize: [mean, std])',
    summary: 'handwritten-looking digits drawn by rffc itself, 28 × 28, 10 classes; nothing to download',
    details: [
      'Strokes with random slant, rotation, width, size, place, jitter, ink and noise; the same seed gives the same images.',
      'Pixels have mean 0.101 and standard deviation 0.249.',
    ],
    files: null,
  },
  {
    name: 'mnist',
    call: 'mnist(normalize: [0.1307, 0.3081])',
    summary: 'handwritten digits, 28 × 28, 10 classes, 60,000 for training and 10,000 for testing',
    details: ['Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits.'],
    files: KNOWN.mnist,
  },
  {
    name: 'fashion_mnist',
    call: 'fashion_mnist(normalize: [0.286, 0.353])',
    summary: 'pieces of clothing in MNIST’s form, 28 × 28, 10 classes, 60,000 and 10,000',
    details: ['H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv 1708.07747.'],
    files: KNOWN.fashion_mnist,
  },
  {
    name: 'row_mnist',
    call: 'row_mnist(normalize: [0.1307, 0.3081])',
    summary: 'MNIST read a row a step: 28 frames of 28 pixels',
    details: ['The same files as mnist: `rffc data fetch mnist`.'],
    files: KNOWN.mnist,
  },
  {
    name: 'moving_mnist',
    call: 'moving_mnist(frames: 20, seed: 1, normalize: [mean, std])',
    summary: 'an MNIST digit that moves through 64 × 64 pixels and bounces, 20 frames',
    details: [
      'It starts in the middle, at -5 to 5 pixels a frame each way; the same seed gives the same movements.',
      'The same files as mnist: `rffc data fetch mnist`.',
    ],
    files: KNOWN.mnist,
  },
  {
    name: 'strokes',
    call: 'strokes(dir, frames)',
    summary: 'MNIST digits as pen strokes, a movement of 4 values a frame',
    details: [
      'E. D. de Jong: MNIST digits stroke sequence data. Its text files, unpacked, go into the folder `strokes` of the data folder.',
      'A line is `dx dy end-of-stroke end-of-digit`, after ten one-hot columns of the label in -targetdata.txt files; without those, MNIST’s label files tell.',
      'A digit’s points are repeated up to the frames that the schedule reads.',
    ],
    files: null,
  },
  {
    name: 'idx',
    call: 'idx("dir", normalize: [mean, std])',
    summary: 'images of any size in IDX files named as MNIST’s are, gzipped or not',
    details: [
      'train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte',
    ],
    files: null,
  },
  {
    name: 'csv',
    call: 'csv("file.csv", label: "column", test: "test.csv", normalize: [mean, std])',
    summary: 'a text file with commas, a sample a line, one column the label',
    details: ['The label is the first column, or the one that the header names; labels count from 0.'],
    files: null,
  },
  {
    name: 'tensors',
    call: 'tensors("file.safetensors")',
    summary: 'a safetensors file: x [N, d] or [N, frames, d], y [N]',
    details: ['Optional: y_negative [N] for `negatives: given()`; test_x and test_y for a test split.'],
    files: null,
  },
];
