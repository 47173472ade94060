/**
 * What the RFF7xx codes mean: files, run folders, checkpoints, options, and what can go wrong while training.
 *
 * `explanation` is for `docs/`: why it is an error and how to fix it. The messages are written where the errors are
 * found.
 */
export const runCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> = {
  RFF701: {
    title: 'no such file or folder',
    explanation:
      'A path on the command line does not exist. Relative paths are relative to the working directory.',
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
      "A run's config.json contains the model's text and every option, as written by `rffc run`. Restore " +
      'it, or train again.',
  },
  RFF706: {
    title: 'weights do not match the model',
    explanation:
      "A checkpoint contains exactly the model's parameters (and, to resume, its optimizer state), each " +
      "with the model's shape. Names are TARGET.SOURCE.TYPE.weight, as in LANGUAGE.md. `--init-missing ok` " +
      'allows missing or unused weights.',
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
    title: 'empty split',
    explanation: 'Training and evaluation each require at least one sample in the split that they use.',
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
    title: 'options that cannot be combined',
    explanation:
      'Two options exclude each other, for example `--resume`, which takes every setting from the run, and ' +
      '`--seed`; or one requires another, as `--init-missing` requires `--init`.',
  },
  RFF714: {
    title: 'not .rff text',
    explanation: '`rffc fmt` and `rffc compile --emit ast` read .rff text; a model document is JSON.',
  },
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
    title: 'silent layer',
    explanation:
      'A warning while training: for twenty batches in a row a layer had the goodness of a layer without ' +
      'activity in every learning step. ' +
      'Units of `relu` that fall below zero for all samples have no gradient and stay there, as do layers ' +
      'whose weights all start at zero. ' +
      'Lower the learning rate, use `leaky_relu`, or change the initial weights.',
  },
  RFF722: {
    title: 'exploding layer',
    explanation:
      'A warning while training: the goodness of a layer is more than ten thousand times that of activities ' +
      'of size 1, for ten batches in a row. ' +
      'The learning rate is too high, or a loss rewards unlimited goodness: `-goodness` is unbounded, ' +
      '`softplus(theta - goodness)` levels off.',
  },
  RFF723: {
    title: 'one class predicted for almost all samples',
    explanation:
      'A warning while training: at least 99 % of samples are predicted to have the same label, though most ' +
      'have another. ' +
      'The prediction depends on the label alone, not on the sample: the learning rate is too high, or too ' +
      'low to have learned anything, or the label’s weights are so small that it hardly counts.',
  },
  RFF727: {
    title: 'unknown pass',
    explanation: '`--no-pass` takes the name of a compiler pass. `rffc compile FILE --explain` lists them.',
  },
  RFF728: {
    title: 'setting fixed by compilation',
    explanation:
      'Params, batch size, learning rate and passes are fixed in a plan, and params in a model document. ' +
      'Compile the .rff file again with the option, or run it directly.',
  },
  RFF729: {
    title: 'data set without files of its own',
    explanation:
      '`rffc data fetch` downloads data sets that are published somewhere, such as `mnist`; `rffc data ' +
      'sample` shows those that need no file named by a model, such as `digits`.',
  },
  RFF730: {
    title: 'no validation split',
    explanation:
      '`rffc eval --split validation` requires a run whose model has `validation` in `train { }`, which ' +
      'holds out a share of the training samples.',
  },
  RFF731: {
    title: 'run already finished',
    explanation:
      'The run has trained for all its epochs. `--resume RUN --epochs N` with a larger N continues it.',
  },
  RFF732: {
    title: 'batch larger than the training set',
    explanation:
      'Only full batches are trained on, so there have to be at least as many training samples as `batch`, ' +
      'after `--limit` and `validation`.',
  },
  RFF733: {
    title: 'batch too small for hybrid images',
    explanation:
      '`negatives: hybrid_images()` mixes two images of a batch, so a batch has at least 2 samples.',
  },
  RFF734: {
    title: 'empty validation share',
    explanation:
      '`validation` in `train { }` is the share of the training samples to hold out; the share given ' +
      'amounts to less than one sample.',
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
    title: 'unsupported image format',
    explanation:
      'PNG and JPEG images are supported: grey, RGB or palette, of any depth, with or without transparency. ' +
      'Convert others first; `magick picture.webp picture.png` (ImageMagick) converts WebP, HEIC, GIF, BMP, ' +
      'TIFF and more.',
  },
  RFF761: {
    title: 'values on another scale than the training data',
    explanation:
      'A network sees its data through a normalization: for images, pixels b become (b / 255 - mean) / std. ' +
      '`predict` and `eval --data` apply it to every source. Integers are taken as pixels from 0 to 255; ' +
      'reals as brightness if they are within 0 to 1, as pixels if they reach up to 255, and otherwise as ' +
      'already normalized. The warning says that the result does not look like the training data. `--values ' +
      'raw`, `unit` or `normalized` says what the numbers are; `--normalize MEAN,STD` gives the ' +
      'normalization that was applied to tensors before training.',
  },
  RFF762: {
    title: 'unknown output format',
    explanation:
      'The extension of `rffc predict --out` chooses the format: .csv, .json, .npz (for `np.load`) or .safetensors.',
  },
  RFF763: {
    title: 'images that look inverted',
    explanation:
      'The images are bright where the training images are dark, overall and at the border: black strokes ' +
      'on white paper for a network that learned white on black, or the reverse. They are still labelled, ' +
      'usually wrongly. `--invert` inverts them.',
  },
  RFF764: {
    title: 'blank images',
    explanation:
      'All pixels of an image are equal. Transparent parts become black, so black strokes on a transparent ' +
      'background vanish; `--invert` makes them white and then inverts the image.',
  },
  RFF765: {
    title: 'unexpected image size',
    explanation:
      'A network takes images of the size that it was trained on. `--resize` fits others into it: the ' +
      'aspect ratio is kept, the rest is filled with the median of the image’s border; shrinking averages ' +
      'areas, enlarging is bilinear. Crop images first so that the object is as large as in the training ' +
      'data: in MNIST a digit takes 20 of 28 pixels.',
  },
  RFF766: {
    title: 'skipped files',
    explanation:
      'In a folder, PNG and JPEG images are read, recognized by their content; if it has none, those of its ' +
      'subfolders, whose names 0, 1, 2, … are true labels. Other files are skipped.',
  },
};
