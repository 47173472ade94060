/**
 * What the RFF7xx codes mean: files, run folders, checkpoints, options, and what can go wrong while training.
 *
 * `explanation` is for `docs/`: why it is an error and what mends it. The messages are made where the errors are found.
 */
export const runCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> = {
  RFF701: {
    title: 'no such file or folder',
    explanation:
      'A path on the command line does not exist. Paths are relative to the folder the command is started in.',
  },
  RFF702: {
    title: 'a folder where a file is expected, or the other way round',
    explanation: 'Models, checkpoints and tensors are files; a run is a folder.',
  },
  RFF703: {
    title: 'the file system refused',
    explanation: 'A file could not be read or written: permissions, a full disk, or a read-only place.',
  },
  RFF704: {
    title: 'not a run folder',
    explanation:
      '`rffc eval`, `rffc predict` and `--resume` take a folder that `rffc run` wrote: it holds config.json.',
  },
  RFF705: {
    title: 'config.json is damaged',
    explanation:
      "A run's config.json must be as `rffc run` wrote it: it holds the model's text and every option.",
  },
  RFF706: {
    title: 'weights that do not fit the model',
    explanation:
      "A checkpoint must hold exactly the model's parameters (and, to resume, its optimizer state), each with the shape " +
      'the model gives it. Names are those of LANGUAGE.md: TARGET.SOURCE.TYPE.weight.',
  },
  RFF707: {
    title: 'not a checkpoint that can be resumed',
    explanation:
      'A resumable checkpoint says in its metadata at which epoch and batch it was written; other safetensors files do not.',
  },
  RFF708: {
    title: 'the output folder is not empty',
    explanation: 'A run never writes over another. Choose another `--out`, or go on with `--resume`.',
  },
  RFF709: {
    title: 'the data does not fit the model',
    explanation:
      'The samples must be as long as `input NAME[d]`, and their classes fewer than or as many as `label NAME[c]`.',
  },
  RFF710: {
    title: 'too few samples',
    explanation: 'Training and evaluating need at least one sample each.',
  },
  RFF711: {
    title: 'no negative labels in the data',
    explanation:
      '`negatives: given()` takes each sample’s negative label from `y_negative` of a `tensors(…)` data set.',
  },
  RFF712: {
    title: 'training diverged',
    explanation:
      'A loss, a goodness or a weight became infinite or not a number: the learning rate is too high, or a formula divides by zero or overflows. ' +
      'The run stops, and its last checkpoint stays as it was.',
  },
  RFF713: {
    title: 'options that exclude each other',
    explanation: 'For example `--resume`, which goes on exactly as the run was started, with `--seed`.',
  },
  RFF714: {
    title: 'not .rff text',
    explanation: '`rffc fmt` formats .rff text; a model document is JSON.',
  },
  RFF715: {
    title: 'not a model document',
    explanation:
      'A .json model must be a model document, as `rffc compile --emit model` prints it. A plan is no model: it can be run and timed, not compiled.',
  },
  RFF716: {
    title: 'nothing to predict',
    explanation:
      'Prediction tries each label in turn, so a model without `label`, or whose layers hear nothing of it, cannot predict.',
  },
  RFF717: {
    title: 'samples that cannot be read',
    explanation:
      '`rffc predict` and `eval --data` read images, IDX files, tables, and arrays `x` [N, d], [N, frames, d] or [N, rows, columns] from NumPy and safetensors files; each sample has as many numbers as the network’s input, all finite. Labels `y` [N] run from 0 to one below the number of classes.',
  },
  RFF718: {
    title: 'a plan is stale',
    explanation:
      'The text that a plan was compiled from has changed since, by its SHA-256. The plan still runs as it is; compile the text again to run what it says now.',
  },
  RFF719: {
    title: 'no plan compiled here',
    explanation:
      '`rffc run` without a file runs the plan that `rffc compile` wrote last in this folder; `.rffc/last` says where it lies.',
  },
  RFF720: {
    title: 'a damaged checkpoint',
    explanation:
      'A checkpoint holds a SHA-256 of its content; this one has changed since it was written. ' +
      '`rffc run --resume` goes on from the one before it, checkpoint.previous.safetensors.',
  },
  RFF740: {
    title: 'the report could not be written',
    explanation:
      'report.html is written after each epoch. A run goes on without it: what it is made of is in metrics.jsonl, and the next epoch tries again.',
  },
  RFF741: {
    title: 'TensorBoard’s event files could not be written',
    explanation:
      '`--log tensorboard` writes into the folder `tensorboard` of the run. A run goes on without it.',
  },
  RFF760: {
    title: 'an image of another format',
    explanation:
      'PNG and JPEG images are read: grey, RGB or palette, of any depth, with or without transparency. Convert others first; `magick picture.webp picture.png` (ImageMagick) does it for WebP, HEIC, GIF, BMP, TIFF and more.',
  },
  RFF761: {
    title: 'values on another scale than the training data',
    explanation:
      'A network sees its data through a normalization: for images, pixels b become (b / 255 - mean) / std. `predict` and `eval --data` apply it to every source. Integers are taken as pixels from 0 to 255; reals as brightness where they stay within 0 to 1, as pixels where they reach up to 255, and otherwise as already normalized. The warning says that what comes out does not look like the training data. `--values raw`, `unit` or `normalized` says what the numbers are; `--normalize MEAN,STD` gives the normalization that a network trained on tensors had outside of rffc.',
  },
  RFF762: {
    title: 'unknown output format',
    explanation:
      '`rffc predict --out` writes what the name’s ending says: .csv, .json, .npz (for `np.load`) or .safetensors.',
  },
  RFF763: {
    title: 'images that look inverted',
    explanation:
      'The images are bright where the training images are dark, in all and at the border: black strokes on white paper for a network that learned white on black, or the other way round. Such images get a label all the same, usually a wrong one. `--invert` uses their negatives.',
  },
  RFF764: {
    title: 'blank images',
    explanation:
      'All pixels of an image are equal. Transparent parts are put on black, so black strokes on a transparent background vanish; `--invert` puts them on white and uses the negative.',
  },
  RFF765: {
    title: 'an image of another size',
    explanation:
      'A network takes images of the size that it was trained on. `--resize` fits others into it: the aspect ratio stays, what is left over is filled with the median of the image’s border; shrinking is the mean over areas, enlarging bilinear. Crop images before so that the object is as large in them as in the training data: in MNIST a digit takes 20 of 28 pixels.',
  },
  RFF766: {
    title: 'files that were skipped',
    explanation:
      'In a folder, PNG and JPEG images are read, by their content. Where it has none, those in the folders in it are read; folders named 0, 1, 2, … give true labels. Other files are left out.',
  },
};
