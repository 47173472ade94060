/**
 * Words of other tools: what PyTorch, Keras and others call the commands and options of rffc, and what is on their
 * command lines but in the model here.
 */

/** By rffc command: the words other tools use for it. */
export const commandHabits: Readonly<Record<string, readonly string[]>> = {
  run: ['train', 'fit', 'learn', 'start', 'training', 'play'],
  'run --resume': ['resume', 'continue', 'restart'],
  eval: ['evaluate', 'test', 'validate', 'score', 'accuracy', 'confusion', 'val'],
  predict: ['infer', 'inference', 'classify', 'label', 'prediction'],
  generate: ['sample', 'dream', 'draw'],
  export: ['onnx', 'convert', 'save', 'freeze'],
  check: ['lint', 'verify', 'typecheck', 'diagnose'],
  fmt: ['format', 'prettier', 'pretty', 'tidy'],
  compile: ['build', 'make', 'plan'],
  'compile --emit dot': ['plot', 'graph', 'draw-model'],
  sweep: ['tune', 'search', 'grid', 'grid-search', 'hpo', 'optimize', 'hyperopt'],
  bench: ['benchmark', 'profile', 'time', 'speed'],
  backends: ['devices', 'device', 'gpus', 'engines', 'backend'],
  init: ['new', 'create', 'scaffold', 'template'],
  explain: ['why', 'error', 'code', 'docs', 'term'],
  'data list': ['datasets', 'dataset', 'data ls', 'data all', 'ls', 'list'],
  'data fetch': ['download', 'fetch', 'data download', 'data get', 'data pull'],
  'data info': ['info', 'data show', 'data describe'],
  '--version': ['version'],
};

/** Groups of synonyms: the member that a command has is what was meant. */
export const optionHabits: readonly (readonly string[])[] = [
  ['lr', 'learning-rate', 'rate', 'lrate', 'step-size', 'eta'],
  ['batch', 'batch-size', 'bs', 'batchsize', 'train-batch-size', 'per-device-train-batch-size', 'b'],
  ['epochs', 'num-epochs', 'n-epochs', 'epoch', 'max-epochs', 'num-train-epochs', 'nb-epoch', 'e'],
  ['seed', 'random-seed', 'manual-seed', 'random-state'],
  ['out', 'output', 'output-dir', 'outdir', 'out-dir', 'save-dir', 'run-dir', 'log-dir', 'logdir', 'o'],
  ['backend', 'accelerator', 'engine', 'platform'],
  ['threads', 'num-threads', 'num-workers', 'workers', 'cores', 'j'],
  ['jobs', 'parallel', 'concurrency'],
  ['resume', 'resume-from', 'resume-from-checkpoint', 'restore', 'continue', 'checkpoint', 'ckpt'],
  ['init', 'pretrained', 'load', 'initial-weights', 'from-weights', 'weights'],
  ['precision', 'dtype', 'mixed-precision', 'data-type'],
  ['data', 'dataset', 'input', 'images', 'file'],
  ['data-dir', 'data-root', 'root', 'datadir', 'data-folder', 'dataset-dir', 'data-path'],
  ['set', 'param', 'params', 'define', 'd'],
  ['limit', 'max-samples', 'subset', 'num-samples', 'n-samples', 'samples'],
  ['json', 'machine', 'format'],
  ['quiet', 'silent', 'no-progress', 'q'],
  ['log', 'logger'],
  ['metrics-every', 'log-every', 'log-interval', 'logging-steps'],
  ['checkpoint-every', 'save-every', 'save-steps', 'save-interval'],
  ['evaluate-every', 'eval-every', 'test-every', 'val-every', 'validate-every', 'eval-steps'],
  ['count', 'num-images', 'n', 'number'],
  ['label', 'class', 'digit', 'target'],
  ['onnx', 'opset', 'to'],
  ['trials', 'n-trials', 'num-trials', 'max-trials', 'iterations'],
  ['profile', 'profiler', 'trace'],
];

/** Switches of other tools that are an option with a value here. */
export const optionsWithValue: Readonly<Record<string, string>> = {
  cuda: '--backend cuda',
  gpu: '--backend cuda',
  gpus: '--backend cuda',
  webgpu: '--backend webgpu',
  mps: '--backend webgpu',
  cpu: '--backend cpu',
  fp16: '--precision f16',
  f16: '--precision f16',
  half: '--precision f16',
  amp: '--precision bf16',
  bf16: '--precision bf16',
  tf32: '--precision tf32',
  tensorboard: '--log tensorboard',
  dot: '--emit dot',
  v: '--version',
};

/** Values of other tools, and the suggestion for each. */
export const valueHabits: Readonly<Record<string, string>> = {
  gpu: '`cuda` on an NVIDIA GPU, `webgpu` on any',
  nvidia: 'did you mean `cuda`?',
  mps: 'did you mean `webgpu`?',
  metal: 'did you mean `webgpu`?',
  vulkan: 'did you mean `webgpu`?',
  wasm: 'did you mean `tfjs-wasm`?',
  tfjs: 'did you mean `tfjs-wasm`?',
  float32: 'did you mean `f32`?',
  fp32: 'did you mean `f32`?',
  float16: 'did you mean `f16`?',
  fp16: 'did you mean `f16`?',
  half: 'did you mean `f16`?',
  bfloat16: 'did you mean `bf16`?',
  amp: 'did you mean `bf16`?',
  val: 'did you mean `validation`?',
  valid: 'did you mean `validation`?',
  training: 'did you mean `train`?',
  bayes: 'Bayesian search is not supported: `random` draws from ranges',
  bayesian: 'Bayesian search is not supported: `random` draws from ranges',
  powershell: 'run it in bash, zsh or fish',
};

/** Options of other tools that are written in the model here, and how. */
export const inModel: Readonly<Record<string, string>> = {
  dataset: 'the model names its data set: `train { data: mnist() }`',
  data: 'the model names its data set: `train { data: mnist() }`',
  optimizer:
    'the model names its optimizer: `train { optimizer: adam(lr: 1e-3) }`; `--lr` overrides its rate',
  scheduler: 'write it in the model: `train { decay: cosine(10) }`',
  'lr-scheduler': 'write it in the model: `train { decay: cosine(10) }`',
  decay: 'write it in the model: `train { decay: step(every: 1, gamma: 0.9) }`',
  'weight-decay': 'write it in the model: `train { optimizer: adamw(lr: 1e-3, weight_decay: 0.01) }`',
  momentum: 'write it in the model: `train { optimizer: sgd(lr: 0.01, momentum: 0.9) }`',
  dropout: 'write it in the model, on a connection: `connection forward { dropout: 0.1 }`',
  theta: 'write `param theta = 1.5` in the model and use `--set theta=1.25`',
  threshold: 'write `param theta = 1.5` in the model and use `--set theta=1.25`',
  hidden: 'write it in the model: `layer h1[200], h2[200]`',
  'hidden-size': 'write it in the model: `layer h1[200], h2[200]`',
  layers: 'write it in the model: `layer h1[200], h2[200]`',
  activation: 'write it in the model: `layer h1[200] { activation: relu(z) }`',
  steps: 'write it in the model: `schedule { phase learn[10] { label: given } }`',
  shuffle: 'write it in the model: `train { shuffle: off }`',
  augment: 'write it in the model: `train { augment: [shift(2), rotate(10)] }`',
  validation: 'write it in the model: `train { validation: 0.1 }`',
  'validation-split': 'write it in the model: `train { validation: 0.1 }`',
  'val-split': 'write it in the model: `train { validation: 0.1 }`',
  'early-stopping':
    'not supported: best.safetensors keeps the best epoch; write `train { validation: 0.1 }` to choose it ' +
    'on held-out samples',
  patience:
    'not supported: best.safetensors keeps the best epoch; write `train { validation: 0.1 }` to choose it ' +
    'on held-out samples',
  normalize: 'write it in the model: `train { data: mnist(normalize: [0.1307, 0.3081]) }`',
  wandb: 'use `--log tensorboard`; W&B reads its event files',
  config: 'give the model’s file as an argument',
  verbose: 'progress is shown by default; `--metrics norms,updates` measures more',
};
