/** Error codes of data sets. */

export const dataCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> = {
  RFF600: {
    title: 'unknown data set',
    explanation: 'No data set has this name. `rffc data list` lists them.',
  },
  RFF602: {
    title: 'missing data files',
    explanation:
      'Files are searched in the directory given by --data-dir, or else by RFFC_DATA, or else in the user’s ' +
      'cache; in each, first in a subdirectory named after the data set. `rffc data fetch NAME` downloads ' +
      'them. `idx("dir")` reads only that directory, relative to the model file.',
  },
  RFF603: {
    title: 'invalid data set option',
    explanation: 'An argument of the data set is missing, has the wrong type, or is out of range.',
  },
  RFF610: {
    title: 'not a valid IDX file',
    explanation:
      'An IDX file begins with two zero bytes, an element type and a number of dimensions, then the ' +
      'dimensions and exactly that many elements. Images are unsigned bytes in three dimensions, labels ' +
      'unsigned bytes in one.',
  },
  RFF611: {
    title: 'images and labels disagree',
    explanation:
      'A split has one label per image, and both splits have images of one size. Usually two of the files ' +
      'come from different data sets.',
  },
  RFF612: {
    title: 'checksum mismatch',
    explanation:
      'The file’s checksum or size differs from the published data set’s: it is damaged, truncated, or ' +
      'belongs to another data set. Delete it and fetch it again, or use idx("dir") for your own data.',
  },
  RFF613: {
    title: 'unreadable file',
    explanation: 'The operating system refused to read the file, or its gzip compression is damaged.',
  },
  RFF614: {
    title: 'compressed file too large for memory',
    explanation:
      'Files larger than a quarter of memory are read from disk sample by sample, which is impossible for ' +
      'compressed files. Decompress it first.',
  },
  RFF615: {
    title: 'invalid NumPy file',
    explanation:
      'A .npy file holds one array, a .npz file several in a zip archive. Arrays of booleans, integers and ' +
      'floats in any byte and memory order are supported; text, Python objects, complex numbers and ' +
      'structured arrays are not.',
  },
  RFF616: {
    title: 'label below the first class',
    explanation:
      '`first_label` names the lowest label of the data, which becomes class 0. Labels below it belong to no class.',
  },
  RFF617: {
    title: 'no label is 0',
    explanation:
      'Classes count from 0. If the labels of a data set begin higher, as EMNIST letters do at 1, class 0 ' +
      'has no samples, yet it is tried in prediction and drawn as a negative label. `first_label: 1` makes ' +
      'label 1 class 0.',
  },
  RFF618: {
    title: 'inconsistent arrays in a NumPy file',
    explanation:
      'numpy("file.npz") needs samples and a label for each: `x` [N, d] or [N, rows, columns] and `y` [N], ' +
      'or Keras’ `x_train`, `y_train`, `x_test`, `y_test`. A .npy file holds one array: `labels` names the ' +
      'labels file. Labels are integers from 0, or one-hot [N, classes]; all values are finite.',
  },
  RFF619: {
    title: 'inconsistent images in a folder',
    explanation:
      'image_folder("dir") reads images of one size, in one folder per class. The test split may only have ' +
      'classes of the training split.',
  },
  RFF620: {
    title: 'download failed',
    explanation:
      'No mirror sent the complete file with the right checksum. What was received is kept in a .part file; ' +
      'the same command resumes the download.',
  },
  RFF630: {
    title: 'inconsistent tensors in a data file',
    explanation:
      'tensors("file.safetensors") requires `x` [N, d] or [N, frames, d] and `y` [N]; `y_negative` [N], ' +
      '`test_x` and `test_y` are optional. Labels are integers from 0; all numbers are finite.',
  },
  RFF640: {
    title: 'malformed safetensors file',
    explanation:
      'The file violates the safetensors format; usually it is truncated or is another kind of file.',
  },
  RFF641: {
    title: 'unreadable safetensors file',
    explanation: 'The operating system refused to read the file.',
  },
  RFF642: {
    title: 'safetensors file not written',
    explanation:
      'The disk is full, the directory is missing or read-only, or a tensor’s data does not match its shape.',
  },
  RFF643: {
    title: 'non-integer values in an integer tensor',
    explanation: 'Labels and indices have to be integers that fit into 32 bits, whatever the tensor’s dtype.',
  },
  RFF650: {
    title: 'malformed CSV file',
    explanation:
      'Every line has the same number of columns, all of them numbers, with commas between them. One is the ' +
      'label, an integer from 0: the first column, or the one that `label` names in the header line. Words ' +
      'and negative numbers are not labels: number the classes.',
  },
  RFF651: {
    title: 'malformed stroke sequence file',
    explanation:
      'A line of -inputdata.txt has four numbers, `dx dy end-of-stroke end-of-digit`; a line of ' +
      '-targetdata.txt starts with the label as ten one-hot columns. Files without labels require MNIST’s ' +
      'label files.',
  },
  RFF660: {
    title: 'augmentation requires images',
    explanation:
      'Only images can be shifted or rotated: `digits`, the MNIST sets and `idx` have rows and columns. ' +
      '`augment: noise(…)` works on any data.',
  },
  RFF670: {
    title: 'unreadable image',
    explanation:
      'The file is damaged, is not a PNG or JPEG image, or differs in size from the other images. The ' +
      'format is recognized by the first bytes, not by the name.',
  },
  RFF671: {
    title: 'unscaled values from 0 to 255',
    explanation:
      'Networks learn badly from values in the hundreds. csv(…) and numpy(…) do not scale values: ' +
      '`normalize: [0, 255]` maps pixels to 0..1, `normalize: [mean, std]` standardizes them. `normalize: ' +
      '[0, 1]` keeps them unscaled, without this warning.',
  },
  RFF672: {
    title: 'an index column',
    explanation:
      'A column that reads 0, 1, 2, … from the first line to the last is an index, as written by pandas, ' +
      'neither a label nor a feature. `label: "NAME"` names the label’s column; `df.to_csv(file, ' +
      'index=False)` omits the index.',
  },
  RFF673: {
    title: 'a first line that counts 0, 1, 2, …',
    explanation:
      'pandas numbers columns without names, and writes the numbers as a header. A first line that counts ' +
      'is therefore read as a header if it has four columns or more; `header: on` or `header: off` ' +
      'overrides this.',
  },
};
