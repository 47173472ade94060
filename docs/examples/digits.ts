/**
 * rffc from TypeScript: a model compiled, trained, judged, saved, and asked about an image, in a few seconds.
 */
import { compile, evaluate, loadDataset, openBackend, predict, samples, saveWeights, train } from 'rffc';

const text = `
connection forward { init: kaiming_uniform(gain: 1) }
connection lateral { init: orthogonal(gain: 0.7) }
connection context { init: normal(std: 3 * sqrt(2 / fan_in)), sign: -1 }

model digits {
  input image[784]
  label digit[10]
  layer h1[64], h2[64] { damping: 0.7 }

  connect image -> h1 -> h2          as forward
  connect h1 -> h1, h2 -> h2         as lateral
  connect digit -> h1, digit -> h2   as context

  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - 1.5)
    negative: softplus(1.5 - goodness)
    predict:  min
  }
  schedule {
    phase settle[2] { label: uniform, learn: off, damping: off }
    phase learn[4]  { label: given }
    score learn[1..3]
  }
  train {
    data: digits(train: 3000, test: 500, normalize: [0.101, 0.249])
    epochs: 3, batch: 100, optimizer: rmsprop(lr: 3e-3), seed: 1
  }
}`;

/** Trains the model above; `report` hears of each epoch, and the weights go to `file`. */
export async function learnDigits(report: (line: string) => void, file: string) {
  const { document, plan, warnings } = await compile({ text, file: 'digits.rff' });
  for (const { code, message } of warnings) report(`${code}: ${message}`);
  const data = await loadDataset(document.train.data);

  // The fastest backend that works here; `cpu`, `webgpu`, `cuda` ask for one. It is closed at the end of this function.
  await using session = await openBackend('auto', plan);

  // A new session is initialized from the model's seed. Options are the model's unless given: `{ epochs: 5, lr: 1e-3
  // }`.
  const { test } = await train(
    session,
    plan,
    data,
    {},
    {
      epoch: ({ epoch, loss, test }) =>
        report(`epoch ${epoch}: loss of h1 ${loss[0]!.toFixed(3)}, accuracy ${test?.accuracy}`),
    },
  );
  await saveWeights(session, file);

  // On other data: the test split again, to see that it is the same.
  const again = await evaluate(session, plan, data.test);

  // One image from memory: 784 numbers, as the network is to see them.
  const image = new Float32Array(784);
  data.test.gather([0], image);
  const prediction = await predict(session, plan, samples(image, { inputSize: 784 }));
  return { test: test!, again: again!, label: prediction!.labels[0]!, truth: data.test.y[0]! };
}
