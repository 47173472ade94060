/** The data sets of the language in words: what `rffc data list` and `rffc data info NAME` print. */

import { KNOWN, type KnownDataset } from './known.js';

export interface DatasetListing {
  readonly name: string;
  /** How it is written in a model. */
  readonly call: string;
  readonly summary: string;
  readonly details: readonly string[];
  /** Whether this version can load it. */
  readonly available: boolean;
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
    available: true,
    files: null,
  },
  {
    name: 'mnist',
    call: 'mnist(normalize: [0.1307, 0.3081])',
    summary: 'handwritten digits, 28 × 28, 10 classes, 60,000 for training and 10,000 for testing',
    details: ['Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits.'],
    available: true,
    files: KNOWN.mnist,
  },
  {
    name: 'fashion_mnist',
    call: 'fashion_mnist(normalize: [0.286, 0.353])',
    summary: 'pieces of clothing in MNIST’s form, 28 × 28, 10 classes, 60,000 and 10,000',
    details: ['H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv 1708.07747.'],
    available: true,
    files: KNOWN.fashion_mnist,
  },
  {
    name: 'row_mnist',
    call: 'row_mnist(normalize: [0.1307, 0.3081])',
    summary: 'MNIST read a row a step: 28 frames of 28 pixels',
    details: ['The same files as mnist: `rffc data fetch mnist`.'],
    available: true,
    files: KNOWN.mnist,
  },
  {
    name: 'moving_mnist',
    call: 'moving_mnist()',
    summary: 'digits moving through a 64 × 64 frame',
    details: [],
    available: false,
    files: null,
  },
  {
    name: 'strokes',
    call: 'strokes()',
    summary: 'MNIST digits as pen strokes, a point a frame',
    details: [],
    available: false,
    files: null,
  },
  {
    name: 'idx',
    call: 'idx("dir", normalize: [mean, std])',
    summary: 'images of any size in IDX files named as MNIST’s are, gzipped or not',
    details: [
      'train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte',
    ],
    available: true,
    files: null,
  },
  {
    name: 'tensors',
    call: 'tensors("file.safetensors")',
    summary: 'a safetensors file: x [N, d] or [N, frames, d], y [N]',
    details: ['Optional: y_negative [N] for `negatives: given()`; test_x and test_y for a test split.'],
    available: true,
    files: null,
  },
];
