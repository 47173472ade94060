/** The examples under each command's `--help`. */
import type { Command } from 'commander';
import { asCalled } from '../grammar/render.js';

/** Shells with a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** By command: example calls, and what each does. */
export const examples: Readonly<Record<string, readonly (readonly [call: string, does: string])[]>> = {
  '': [
    ['init mymodel', 'write a model to start from'],
    ['run mymodel.rff', 'train it'],
    ['eval runs/mymodel-…', 'show the confusion matrix'],
  ],
  check: [
    ['check models/*.rff', 'report every error and warning'],
    ['check model.rff --set theta=1.25', 'check it with another threshold'],
  ],
  fmt: [
    ['fmt model.rff', 'rewrite it in canonical form'],
    ['fmt --check models/*.rff', 'for CI: exit 1 if a file is not formatted'],
  ],
  compile: [
    ['compile model.rff', 'write a plan, which `rffc run` then trains'],
    ['compile model.rff --explain', 'show what each compiler pass gained'],
    ['compile model.rff --emit dot | dot -Tsvg > model.svg', 'draw its layers and connections'],
  ],
  run: [
    ['run model.rff', 'train it; results go to runs/'],
    ['run model.rff --set theta=1 --epochs 5 --out runs/low', 'override settings, and choose the run folder'],
    ['run --resume runs/low --epochs 10', 'train a run for more epochs'],
    [
      'run deeper.rff --init runs/low/best.safetensors --init-missing ok',
      'start from the weights of another network',
    ],
  ],
  eval: [
    ['eval runs/low', 'show accuracy and confusion matrix on the test split'],
    ['eval runs/low --split train --json', 'evaluate on the training split, as JSON'],
  ],
  predict: [
    ['predict runs/low --data digit.png', 'show the label of an image and its margin'],
    [
      'predict runs/low --data photos --invert --resize --out labels.csv',
      'label images of any size with dark strokes on white',
    ],
  ],
  generate: [
    ['generate runs/low --label 3 --out threes', 'generate ten images that the network classifies as a 3'],
    [
      'generate runs/low --start mean --steps 40 --out all',
      'start from the mean image, for every label, with more steps',
    ],
  ],
  export: [['export runs/low --onnx low.onnx', 'export the prediction for any ONNX runtime']],
  sweep: [
    ['sweep model.rff --set lr=1e-4,1e-3 --set theta=1,1.5', 'try every combination: four runs'],
    [
      'sweep model.rff --set lr=1e-5..1e-2 --set seed=1,2,3 --sampler random --trials 20',
      'draw twenty settings at random, lr from a range',
    ],
  ],
  bench: [
    ['bench model.rff', 'compare seconds per batch with the matrix products alone'],
    ['bench model.rff --backend webgpu --profile', 'time each kernel'],
  ],
  backends: [['backends', 'list available backends, and what the others need']],
  data: [['data list', 'list the data sets']],
  'data list': [['data list', 'list the data sets and how a model names them']],
  'data fetch': [['data fetch mnist', 'download MNIST and check it']],
  'data sample': [
    ['data sample digits --index 3 --out digit.png', 'write a digit as an image, to try `rffc predict` on'],
  ],
  'data info': [['data info mnist', 'describe it, and say whether it is installed']],
  init: [['init mymodel', 'write mymodel.rff, ready to run']],
  explain: [
    ['explain RFF201', 'explain a code, with an example that fails and its fix'],
    ['explain softmax', 'explain a term, and what it is called in rffc'],
    ['explain', 'list every code and term'],
  ],
  completion: [
    ['completion bash > ~/.local/share/bash-completion/completions/rffc', 'for bash'],
    ['completion zsh > ~/.zfunc/_rffc', 'for zsh'],
    ['completion fish > ~/.config/fish/completions/rffc.fish', 'for fish'],
  ],
};

/** Adds the examples to the help of a command and its subcommands. @param called how the user calls rffc */
export function addExamples(command: Command, called: string, path: readonly string[] = []): void {
  const own = examples[path.join(' ')];
  if (own) {
    const lines = own.map(([call, does]) => `  $ ${called} ${call}\n      ${asCalled(does, called)}\n`);
    command.addHelpText('after', `\nExamples:\n${lines.join('').trimEnd()}`);
  }
  for (const below of command.commands) addExamples(below, called, [...path, below.name()]);
}
