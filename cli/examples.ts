/** What stands under a command's `--help`: how it is called, and why one would. */
import type { Command } from 'commander';
import { asCalled } from '../grammar/render.js';

/** Whose completion scripts can be printed. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A command's path to its examples: how it is called, and what that does. */
export const examples: Readonly<Record<string, readonly (readonly [call: string, does: string])[]>> = {
  '': [
    ['init mymodel', 'write a model to start from'],
    ['run mymodel.rff', 'train it'],
    ['eval runs/mymodel-…', 'show the confusion matrix'],
  ],
  check: [
    ['check models/*.rff', 'every error and warning of all models'],
    ['check model.rff --set theta=1.25', 'as it would be run with another threshold'],
  ],
  fmt: [
    ['fmt model.rff', 'rewrite it in canonical form'],
    ['fmt --check models/*.rff', 'for CI: exit 1 if a file is not'],
  ],
  compile: [
    ['compile model.rff', 'a plan, which `rffc run` then trains'],
    ['compile model.rff --explain', 'what each pass of the compiler bought'],
    ['compile model.rff --emit dot | dot -Tsvg > model.svg', 'its layers and connections as a picture'],
  ],
  run: [
    ['run model.rff', 'train it, into runs/'],
    [
      'run model.rff --set theta=1 --epochs 5 --out runs/low',
      'with other settings, into a folder of your own',
    ],
    ['run --resume runs/low --epochs 10', 'go on with a run, further'],
    [
      'run deeper.rff --init runs/low/best.safetensors --init-missing ok',
      'start from what another network learned',
    ],
  ],
  eval: [
    ['eval runs/low', 'accuracy and confusion on the test split'],
    ['eval runs/low --split train --json', 'on what it was trained on, for machines'],
  ],
  predict: [
    ['predict runs/low --data digit.png', 'the label of a picture, and how sure it is'],
    ['predict runs/low --data photos --invert --resize --out labels.csv', 'black on white, of any size'],
  ],
  generate: [
    ['generate runs/low --label 3 --out threes', 'ten images that the network takes for a 3'],
    [
      'generate runs/low --start mean --steps 40 --out all',
      'of every label, from the mean image, for longer',
    ],
  ],
  export: [['export runs/low --onnx low.onnx', 'the prediction, for any ONNX runtime']],
  sweep: [
    ['sweep model.rff --set lr=1e-4,1e-3 --set theta=1,1.5', 'every combination: four runs'],
    [
      'sweep model.rff --set lr=1e-5..1e-2 --set seed=1,2,3 --sampler random --trials 20',
      'twenty draws, the rate from anywhere in between',
    ],
  ],
  bench: [
    ['bench model.rff', 'seconds a batch, beside the floor that the matrix products set'],
    ['bench model.rff --backend webgpu --profile', 'what each kernel took'],
  ],
  backends: [['backends', 'what can run here, and what to install for what cannot']],
  data: [['data list', 'every data set']],
  'data list': [['data list', 'every data set, and how it is written in a model']],
  'data fetch': [['data fetch mnist', 'download MNIST and check it']],
  'data sample': [
    ['data sample digits --index 3 --out digit.png', 'a digit as a picture, to try `rffc predict` on'],
  ],
  'data info': [['data info mnist', 'what it holds, and whether it is here']],
  init: [['init mymodel', 'write mymodel.rff, ready to run']],
  explain: [
    ['explain RFF201', 'what this code means, with an example that fails and its fix'],
    ['explain softmax', 'what a term of the field is called here'],
    ['explain', 'every code and term'],
  ],
  completion: [
    ['completion bash > ~/.local/share/bash-completion/completions/rffc', 'for bash'],
    ['completion zsh > ~/.zfunc/_rffc', 'for zsh'],
    ['completion fish > ~/.config/fish/completions/rffc.fish', 'for fish'],
  ],
};

/** Puts the examples under the help of a command and of all below it. @param called how the user calls rffc */
export function addExamples(command: Command, called: string, path: readonly string[] = []): void {
  const own = examples[path.join(' ')];
  if (own) {
    const lines = own.map(([call, does]) => `  $ ${called} ${call}\n      ${asCalled(does, called)}\n`);
    command.addHelpText('after', `\nExamples:\n${lines.join('').trimEnd()}`);
  }
  for (const below of command.commands) addExamples(below, called, [...path, below.name()]);
}
