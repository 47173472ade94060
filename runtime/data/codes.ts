/** What can be wrong with data, by stable code: `rffc` prints the code, the documentation prints this table. */

export const dataCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> = {
  RFF600: {
    title: 'unknown data set',
    explanation: 'No data set has this name. `rffc data list` shows them all.',
  },
  RFF602: {
    title: 'missing data files',
    explanation:
      'The files are looked for in the directory given by --data-dir, else in that of RFFC_DATA, else in ' +
      'the user’s cache, in each first in a subdirectory named after the data set. `rffc data fetch NAME` ' +
      'downloads them. Those of `idx("dir")` are looked for in that directory only, relative to the model ' +
      'file.',
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
      'Files larger than a quarter of the memory are read from disk sample by sample, which is impossible ' +
      'in a compressed file. Decompress it first.',
  },
  RFF615: {
    title: 'invalid NumPy file',
    explanation:
      'A .npy file holds one array, a .npz file several in a zip archive. Arrays of booleans, integers and ' +
      'floats are read, of any byte order and memory order; text, Python objects, complex numbers and ' +
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
      'Classes are counted from 0. Where the labels of a data set begin higher, as those of EMNIST letters ' +
      'at 1, class 0 has no samples, and yet it is tried in prediction and drawn as a negative label. ' +
      '`first_label: 1` makes the lowest label class 0.',
  },
  RFF618: {
    title: 'arrays of a NumPy file do not fit together',
    explanation:
      'numpy("file.npz") needs samples and a label for each: `x` [N, d] or [N, rows, columns] and `y` [N], ' +
      'or as Keras calls them `x_train`, `y_train`, `x_test`, `y_test`. A .npy file holds one array: ' +
      '`labels` names the file of the labels. Labels are whole numbers from 0, or one-hot [N, classes]; all ' +
      'values are finite.',
  },
  RFF619: {
    title: 'pictures of a folder do not fit together',
    explanation:
      'image_folder("dir") reads pictures of one size in a folder per class. The test split has no other ' +
      'classes than the training split.',
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
      'label, a whole number from 0: the first column, or the one that `label` names in the header line. ' +
      'Words and negative numbers are no labels: number the classes.',
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
    title: 'an image cannot be read',
    explanation:
      'The file is damaged, is not a PNG or JPEG image, or has another size than the other images. The kind ' +
      'is told by the first bytes, not by the name.',
  },
  RFF671: {
    title: 'values from 0 to 255 are not scaled',
    explanation:
      'Networks learn badly from values of hundreds. csv(…) and numpy(…) take values as they are: ' +
      '`normalize: [0, 255]` brings pixels to 0..1, `normalize: [mean, std]` to mean 0 and standard ' +
      'deviation 1. `normalize: [0, 1]` says that they are meant as they are.',
  },
  RFF672: {
    title: 'a column counts the samples',
    explanation:
      'A column that reads 0, 1, 2, … from the first line to the last is an index, as pandas writes it ' +
      'beside the data, not a label and not a value of a sample. `label: "NAME"` names the label’s column; ' +
      '`df.to_csv(file, index=False)` leaves the index out.',
  },
  RFF673: {
    title: 'the first line counts 0, 1, 2, …',
    explanation:
      'pandas numbers columns without names, and writes the numbers as a header. A first line that counts ' +
      'is therefore read as one where it has four columns or more; `header: on` or `header: off` decides.',
  },
};
