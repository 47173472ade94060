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
      'Strokes with random slant, rotation, width, size, place, jitter, ink and noise; the same seed gives ' +
        'the same images.',
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
      'E. D. de Jong: MNIST digits stroke sequence data. Its text files, unpacked, go into the folder ' +
        '`strokes` of the data folder.',
      'A line is `dx dy end-of-stroke end-of-digit`, after ten one-hot columns of the label in ' +
        '-targetdata.txt files; without those, MNIST’s label files tell.',
      'A digit’s points are repeated up to the frames that the schedule reads.',
    ],
    files: null,
  },
  {
    name: 'idx',
    call: 'idx("dir", normalize: [mean, std], first_label: 1, transpose: on)',
    summary: 'images of any size in IDX files named as those of MNIST or EMNIST, gzipped or not',
    details: [
      'train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte; a ' +
        'dot for the dash, `test` for',
      '`t10k`, a folder per file as in Kaggle’s archive, and the folder `raw` of torchvision are understood.',
      'A folder with several sets, as EMNIST’s: idx("emnist/emnist-letters", first_label: 1, transpose: ' +
        'on). Its letters are labelled',
      '1 to 26, and its pictures stored column by column.',
    ],
    files: null,
  },
  {
    name: 'csv',
    call: 'csv("file.csv", label: "column", test: "test.csv", header: on, normalize: [mean, std])',
    summary: 'a text file with commas, a sample per line, one column the label; gzipped or not',
    details: [
      'The label is the first column, or the one that the header names. Labels count from 0, or from `first_label`.',
      'A first line that is not all numbers is a header; so is one that counts 0, 1, 2, … as pandas writes ' +
        'it. `header: on` or `off` decides.',
      'From pandas: df.to_csv("file.csv", index=False). `transpose: on` turns square pictures, as EMNIST needs it.',
    ],
    files: null,
  },
  {
    name: 'numpy',
    call: 'numpy("file.npz", normalize: [0, 255])',
    summary: 'NumPy’s .npz with x and y, Keras’ mnist.npz, or .npy files of one array each',
    details: [
      'Samples: x [N, d], pictures [N, rows, columns], or with `frames: on` [N, frames, d]. Labels: y [N], ' +
        'or one-hot [N, classes].',
      'Arrays are found as x and y; x_train, y_train, x_test, y_test; train_images, train_labels, ' +
        'test_images, test_labels; images and labels;',
      'data and target; or in the order they were saved. Values are taken as they are: `normalize: [0, ' +
        '255]` brings pixels to 0..1.',
      'Two .npy files: numpy("x.npy", labels: "y.npy", test: "x_test.npy", test_labels: "y_test.npy").',
    ],
    files: null,
  },
  {
    name: 'image_folder',
    call: 'image_folder("dir", test: "dir", normalize: [mean, std])',
    summary: 'PNG and JPEG pictures of one size, in a folder per class',
    details: [
      '0/a.png, 1/b.png, …: classes are counted in the order of the folders’ names. Colours become grey.',
      'A folder with `train` and `test` in it has a folder per class in each of them.',
    ],
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
