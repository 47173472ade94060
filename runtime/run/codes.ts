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
      'Prediction tries each label in turn, so a model without `label`, or whose scored layers see nothing of it in the scored steps, cannot predict: but for one with a readout or a latent classifier.',
  },
  RFF717: {
    title: 'samples that cannot be read',
    explanation:
      '`rffc predict` reads `x` [N, d] or [N, frames, d] from a safetensors file, with the values that the network is to see.',
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
  RFF721: {
    title: 'a silent layer',
    explanation:
      'A warning while training: for twenty batches in a row the goodness of a layer was that of a layer without any activity, in every step that learns. ' +
      'Units of `relu` that fall below zero for all samples have no gradient and stay there, as do layers whose weights all start at zero. ' +
      'Lower the learning rate, use `leaky_relu`, or start with other weights.',
  },
  RFF722: {
    title: 'an exploding layer',
    explanation:
      'A warning while training: the goodness of a layer is more than ten thousand times that of activities of size 1, for ten batches in a row. ' +
      'The learning rate is too high, or a loss rewards ever more goodness: `-goodness` has no end, `softplus(theta - goodness)` levels off.',
  },
  RFF723: {
    title: 'one class for everything',
    explanation:
      'A warning while training: at least 99 of 100 samples are given the same label, though most of them have another one. ' +
      'The network tells labels by what it makes of the label alone: the learning rate is too high, or too low to have learned anything, or the label’s weights are so small that it hardly counts.',
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
};
