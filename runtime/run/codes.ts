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
      "A run's config.json contains the model's text and every option. It has to be as `rffc run` wrote it: restore it, or train again.",
  },
  RFF706: {
    title: 'weights do not match the model',
    explanation:
      "A checkpoint contains exactly the model's parameters (and, to resume, its optimizer state), each with the model's shape. Names are those of LANGUAGE.md: TARGET.SOURCE.TYPE.weight. `--init-missing ok` allows missing or unused weights.",
  },
  RFF707: {
    title: 'checkpoint cannot be resumed',
    explanation:
      'A checkpoint that can be resumed records the epoch and batch at which it was written; other safetensors files do not. Use it with `--init` instead.',
  },
  RFF708: {
    title: 'output directory is not empty',
    explanation: 'A run never overwrites another. Choose another `--out`, or resume the run with `--resume`.',
  },
  RFF709: {
    title: 'data does not match the model',
    explanation:
      'The number of values per sample has to match `input NAME[d]`, and every label has to be below the number of classes of `label NAME[c]`.',
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
      'A loss, a goodness or a weight became infinite or NaN: the learning rate is too high, or a formula divides by zero or overflows. Training stops, and the last checkpoint remains.',
  },
  RFF713: {
    title: 'wrong usage',
    explanation:
      "The command's options contradict each other, for example `--resume`, which takes everything from the run, with `--seed`; or one of them has no effect here.",
  },
  RFF714: { title: 'not .rff text', explanation: '`rffc fmt` formats .rff text; a model document is JSON.' },
  RFF715: {
    title: 'not a model document',
    explanation:
      'A .json model is a model document, as written by `rffc compile --emit model`. A plan is not a model: it can be trained and benchmarked, not compiled.',
  },
  RFF716: {
    title: 'nothing to predict',
    explanation:
      'Prediction tries every label in turn, so a model without `label`, or whose layers do not receive it, cannot predict. Connect the label to a layer, or add `readout: softmax()`.',
  },
  RFF717: {
    title: 'samples do not match the input',
    explanation:
      '`rffc predict` reads images, or `x` [N, d] or [N, frames, d] of a safetensors file, with d values per frame as in `input NAME[d]`.',
  },
  RFF718: {
    title: 'stale plan',
    explanation:
      "The model's text has changed since the plan was compiled from it (by SHA-256). The plan still runs; compile the model again to run the current text.",
  },
  RFF719: {
    title: 'no plan compiled here',
    explanation:
      '`rffc run` without a file runs the plan compiled last in this directory, which `.rffc/last` names.',
  },
  RFF720: {
    title: 'damaged checkpoint',
    explanation:
      'A checkpoint contains a SHA-256 of its content, which no longer matches. `rffc run --resume` falls back to the previous one, checkpoint.previous.safetensors.',
  },
  RFF740: {
    title: 'report not written',
    explanation:
      'report.html is written after each epoch. Training continues without it: its data is in metrics.jsonl, and the next epoch tries again.',
  },
  RFF741: {
    title: 'TensorBoard event files not written',
    explanation:
      '`--log tensorboard` writes to the directory `tensorboard` of the run. Training continues without it.',
  },
};
