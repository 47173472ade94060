/**
 * What the RFF7xx codes mean: files, run folders, checkpoints, options, and what can go wrong while training.
 *
 * `explanation` is for `docs/`: why it is an error and what mends it. The messages are made where the errors are found.
 */
export const runCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> = {
  RFF701: {
    title: 'no such file or folder',
    explanation: 'A path on the command line does not exist. Relative paths start at the working directory.',
  },
  RFF702: {
    title: 'directory instead of a file, or the reverse',
    explanation: 'Models, checkpoints and tensors are files; a run is a directory.',
  },
  RFF703: {
    title: 'file system error',
    explanation:
      'A file could not be read or written: missing permission, a full disk, or a read-only file system.',
  },
  RFF704: {
    title: 'not a run folder',
    explanation:
      '`rffc eval`, `rffc predict` and `--resume` take a directory that `rffc run` wrote, which contains config.json.',
  },
  RFF705: {
    title: 'damaged config.json',
    explanation:
      "A run's config.json contains the model's text and every option. It has to be as `rffc run` wrote it: " +
      'restore it, or train again.',
  },
  RFF706: {
    title: 'weights do not match the model',
    explanation:
      "A checkpoint contains exactly the model's parameters (and, to resume, its optimizer state), each " +
      "with the model's shape. Names are those of LANGUAGE.md: TARGET.SOURCE.TYPE.weight. `--init-missing " +
      'ok` allows missing or unused weights.',
  },
  RFF707: {
    title: 'checkpoint cannot be resumed',
    explanation:
      'A checkpoint that can be resumed records the epoch and batch at which it was written; other ' +
      'safetensors files do not. Use it with `--init` instead.',
  },
  RFF708: {
    title: 'output directory is not empty',
    explanation: 'A run never overwrites another. Choose another `--out`, or resume the run with `--resume`.',
  },
  RFF709: {
    title: 'data does not match the model',
    explanation:
      'The number of values per sample has to match `input NAME[d]`, and every label has to be below the ' +
      'number of classes of `label NAME[c]`.',
  },
  RFF710: {
    title: 'too few samples',
    explanation: 'Training and evaluation each require at least one sample.',
  },
  RFF711: {
    title: 'missing negative labels',
    explanation:
      '`negatives: given()` takes each sample’s negative label from `y_negative` of a `tensors(…)` data set.',
  },
  RFF712: {
    title: 'training diverged',
    explanation:
      'A loss, a goodness or a weight became infinite or NaN: the learning rate is too high, or a formula ' +
      'divides by zero or overflows. Training stops, and the last checkpoint remains.',
  },
  RFF713: {
    title: 'wrong usage',
    explanation:
      "The command's options contradict each other, for example `--resume`, which takes everything from the " +
      'run, with `--seed`; or one of them has no effect here.',
  },
  RFF714: { title: 'not .rff text', explanation: '`rffc fmt` formats .rff text; a model document is JSON.' },
  RFF715: {
    title: 'not a model document',
    explanation:
      'A .json model is a model document, as written by `rffc compile --emit model`. A plan is not a model: ' +
      'it can be trained and benchmarked, not compiled.',
  },
  RFF716: {
    title: 'nothing to predict',
    explanation:
      'Prediction tries every label in turn, so a model without `label`, or whose scored layers do not ' +
      'receive it by the scored steps, cannot predict. Connect the label to a scored layer, or add ' +
      '`readout: softmax()`.',
  },
  RFF717: {
    title: 'samples do not match the input',
    explanation:
      '`rffc predict` and `eval --data` read images, IDX files, tables, and arrays `x` [N, d], [N, frames, ' +
      'd] or [N, rows, columns] from NumPy and safetensors files; each sample has as many numbers as the ' +
      'network’s input, all finite. Labels `y` [N] run from 0 to one below the number of classes.',
  },
  RFF718: {
    title: 'stale plan',
    explanation:
      "The model's text has changed since the plan was compiled from it (by SHA-256). The plan still runs; " +
      'compile the model again to run the current text.',
  },
  RFF719: {
    title: 'no plan compiled here',
    explanation:
      '`rffc run` without a file runs the plan compiled last in this directory, which `.rffc/last` names.',
  },
  RFF720: {
    title: 'damaged checkpoint',
    explanation:
      'A checkpoint contains a SHA-256 of its content, which no longer matches. `rffc run --resume` falls ' +
      'back to the previous one, checkpoint.previous.safetensors.',
  },
  RFF721: {
    title: 'a silent layer',
    explanation:
      'A warning while training: for twenty batches in a row the goodness of a layer was that of a layer ' +
      'without any activity, in every step that learns. ' +
      'Units of `relu` that fall below zero for all samples have no gradient and stay there, as do layers ' +
      'whose weights all start at zero. ' +
      'Lower the learning rate, use `leaky_relu`, or start with other weights.',
  },
  RFF722: {
    title: 'an exploding layer',
    explanation:
      'A warning while training: the goodness of a layer is more than ten thousand times that of activities ' +
      'of size 1, for ten batches in a row. ' +
      'The learning rate is too high, or a loss rewards ever more goodness: `-goodness` has no end, ' +
      '`softplus(theta - goodness)` levels off.',
  },
  RFF723: {
    title: 'one class for everything',
    explanation:
      'A warning while training: at least 99 of 100 samples are given the same label, though most of them ' +
      'have another one. ' +
      'The network tells labels by what it makes of the label alone: the learning rate is too high, or too ' +
      'low to have learned anything, or the label’s weights are so small that it hardly counts.',
  },
  RFF740: {
    title: 'report not written',
    explanation:
      'report.html is written after each epoch. Training continues without it: its data is in ' +
      'metrics.jsonl, and the next epoch tries again.',
  },
  RFF741: {
    title: 'TensorBoard event files not written',
    explanation:
      '`--log tensorboard` writes to the directory `tensorboard` of the run. Training continues without it.',
  },
  RFF760: {
    title: 'an image of another format',
    explanation:
      'PNG and JPEG images are read: grey, RGB or palette, of any depth, with or without transparency. ' +
      'Convert others first; `magick picture.webp picture.png` (ImageMagick) does it for WebP, HEIC, GIF, ' +
      'BMP, TIFF and more.',
  },
  RFF761: {
    title: 'values on another scale than the training data',
    explanation:
      'A network sees its data through a normalization: for images, pixels b become (b / 255 - mean) / std. ' +
      '`predict` and `eval --data` apply it to every source. Integers are taken as pixels from 0 to 255; ' +
      'reals as brightness where they stay within 0 to 1, as pixels where they reach up to 255, and ' +
      'otherwise as already normalized. The warning says that what comes out does not look like the ' +
      'training data. `--values raw`, `unit` or `normalized` says what the numbers are; `--normalize ' +
      'MEAN,STD` gives the normalization that a network trained on tensors had outside of rffc.',
  },
  RFF762: {
    title: 'unknown output format',
    explanation:
      '`rffc predict --out` writes what the name’s ending says: .csv, .json, .npz (for `np.load`) or .safetensors.',
  },
  RFF763: {
    title: 'images that look inverted',
    explanation:
      'The images are bright where the training images are dark, in all and at the border: black strokes on ' +
      'white paper for a network that learned white on black, or the other way round. Such images get a ' +
      'label all the same, usually a wrong one. `--invert` uses their negatives.',
  },
  RFF764: {
    title: 'blank images',
    explanation:
      'All pixels of an image are equal. Transparent parts are put on black, so black strokes on a ' +
      'transparent background vanish; `--invert` puts them on white and uses the negative.',
  },
  RFF765: {
    title: 'an image of another size',
    explanation:
      'A network takes images of the size that it was trained on. `--resize` fits others into it: the ' +
      'aspect ratio stays, what is left over is filled with the median of the image’s border; shrinking is ' +
      'the mean over areas, enlarging bilinear. Crop images before so that the object is as large in them ' +
      'as in the training data: in MNIST a digit takes 20 of 28 pixels.',
  },
  RFF766: {
    title: 'files that were skipped',
    explanation:
      'In a folder, PNG and JPEG images are read, by their content. Where it has none, those in the folders ' +
      'in it are read; folders named 0, 1, 2, … give true labels. Other files are left out.',
  },
};
