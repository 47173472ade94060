/** `rffc init`: a commented model to start from, which trains on the built-in digits as it stands. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { diagnose } from '../compiler/compile.js';
import { failure, RffcError } from '../grammar/diagnostic.js';
import { asCalled } from '../grammar/render.js';
import { fileError } from '../runtime/run/files.js';
import { shellWord } from '../runtime/run/shell.js';
import { type Io, misuse, pathOf } from './io.js';

/**
 * @param name of the model, perhaps with folders before it and `.rff` behind it. @throws RffcError RFF922, RFF701 to
 * 703
 */
export async function initCommand(io: Io, name: string): Promise<number> {
  const stem = name.replace(/\.rff$/, '');
  const model = basename(stem);
  if (!/^[A-Za-z_]\w*$/.test(model)) {
    const mended = model.replace(/\W+/g, '_').replace(/^(?=\d)/, '_');
    const message = `\`${model}\` cannot be the name of a model: it is letters, digits and \`_\`, no digit first`;
    throw misuse(message, ...(/[A-Za-z\d]/.test(mended) ? [`\`rffc init ${mended}\``] : []));
  }
  const file = `${stem}.rff`;
  const text = asCalled(starter(model), io.command);
  const { document, diagnostics } = await diagnose({ text, file });
  if (!document) throw new RffcError(diagnostics, 2);
  const path = pathOf(io, file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw failure('RFF922', `\`${file}\` is there already`, { file, hint: 'choose another name' });
    throw fileError(error, file, 'name a folder you can write to: `rffc init DIR/NAME`');
  }
  io.out(`wrote ${file}\n`);
  io.err(`\nTrain it:\n  ${io.command} run ${shellWord(file)}\n`);
  return 0;
}

/** The model, in canonical form. */
export function starter(model: string): string {
  return `// ${model}: two recurrent layers that learn to read digits, each from its own activity alone.
// Train it with \`rffc run ${model}.rff\`, look at mistakes before that with \`rffc check ${model}.rff\`.

// Types of connections: how their weights begin, and whether they excite (sign: 1) or inhibit (sign: -1).
connection forward  { init: kaiming_uniform(gain: 1) }
connection backward { init: uniform(-0.05, 0.05), sign: -1 }
connection lateral  { init: orthogonal(gain: 0.7) }
connection context  { init: normal(std: 3 * sqrt(2 / fan_in)), sign: -1 }

model ${model} {
  // A number with a name, for \`--set theta=1.25\` and for sweeps.
  param theta = 1.5

  // The data: rows of 28 x 28 pixels, and which of ten digits each one shows.
  input image[784]
  label digit[10]

  // h is a layer's activity; what its neighbours hear is the normalized activity, so that only directions are told on.
  layer h1[100], h2[100] {
    activation: leaky_relu(z, 0.01)
    normalize:  rms_norm(h, 1e-8)
    damping:    0.7
  }

  // Each arrow is a connection with weights of its own.
  connect image -> h1 -> h2          as forward
  connect h2 -> h1                   as backward
  connect digit -> h1, digit -> h2   as context
  connect h1 -> h1, h2 -> h2         as lateral

  // What every layer tries: little goodness where the label is the right one, much where it is wrong.
  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - theta)
    negative: softplus(theta - goodness)
    predict:  min
  }

  // First the network settles on the image alone, then it is shown a label. Each label is tried to predict: the one
  // of least goodness over the score steps is the answer.
  schedule {
    phase settle[2] { label: uniform, learn: off, damping: off }
    phase learn[4]  { label: given }
    score learn[1..3]
  }

  negatives: random_label()

  // \`digits\` is drawn by rffc itself; \`mnist(normalize: [0.1307, 0.3081])\` is the real thing
  // (\`rffc data fetch mnist\`).
  train {
    data:      digits(train: 5000, test: 1000, normalize: [0.101, 0.249])
    epochs:    4
    batch:     100
    optimizer: rmsprop(lr: 3e-3)
    decay:     step(every: 1, gamma: 0.6)
    seed:      1234
  }

  evaluate { batch: 1000 }
}
`;
}
