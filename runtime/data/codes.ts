/** What can be wrong with data, by stable code: `rffc` prints the code, the documentation prints this table. */

export const dataCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> = {
  RFF600: {
    title: 'unknown data set',
    explanation: 'The name after `data:` is none of those that `rffc data list` shows.',
  },
  RFF601: {
    title: 'data set not available yet',
    explanation: 'The language knows this data set, this version of rffc cannot load it yet.',
  },
  RFF602: {
    title: 'data files are missing',
    explanation:
      'The files were looked for in the folder given by --data-dir, else in that of RFFC_DATA, else in the user’s cache folder, each time in a subfolder of the data set’s name and then in the folder itself. `rffc data fetch NAME` downloads them.',
  },
  RFF603: {
    title: 'a data set’s option is wrong',
    explanation: 'An argument of the data set is missing, has another kind of value, or is out of range.',
  },
  RFF610: {
    title: 'not a valid IDX file',
    explanation:
      'An IDX file begins with two zero bytes, an element type and a number of dimensions, then the dimensions and exactly that many elements. Images are unsigned bytes in three dimensions, labels unsigned bytes in one.',
  },
  RFF611: {
    title: 'images and labels disagree',
    explanation:
      'A split needs one label an image, and both splits need images of one size. Usually two files come from different data sets.',
  },
  RFF612: {
    title: 'a data file’s content is not the published one',
    explanation:
      'The file’s checksum or size differs from the published data set’s: it was damaged, cut off, or is another data set under this name. Delete it and fetch it again, or use idx("dir") for data of your own.',
  },
  RFF613: {
    title: 'a file cannot be read',
    explanation: 'The operating system refused to read the file, or its gzip compression is damaged.',
  },
  RFF620: {
    title: 'a data set could not be downloaded',
    explanation:
      'No mirror gave the file whole and with the right checksum. What was received stays beside it as a .part file; the same command goes on from there.',
  },
  RFF630: {
    title: 'tensors of a data file do not fit together',
    explanation:
      'tensors("file.safetensors") needs `x` [N, d] or [N, frames, d] and `y` [N]; `y_negative` [N], `test_x` and `test_y` may be there too. Labels are integers from 0; all numbers are finite.',
  },
  RFF640: {
    title: 'not a valid safetensors file',
    explanation:
      'The file breaks a rule of the safetensors format; usually it was cut off or is of another kind.',
  },
  RFF641: {
    title: 'a safetensors file cannot be read',
    explanation: 'The operating system refused to read the file.',
  },
  RFF642: {
    title: 'a safetensors file cannot be written',
    explanation:
      'The disk is full, the folder is missing or may not be written to, or a tensor’s data does not fit its shape.',
  },
  RFF643: {
    title: 'a tensor of integers holds other numbers',
    explanation:
      'Labels and indices must be whole numbers that fit into 32 bits, whatever the tensor’s dtype.',
  },
};
