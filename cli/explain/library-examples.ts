/** Examples of the codes RFF77x: how the library's functions are called. */
import { circumstance, type ExampleTable, library } from './example.js';

const data = "const data = await loadDataset({ name: 'digits', options: { train: 40, test: 20 } });";

export const libraryExamples: ExampleTable = {
  RFF770: library(
    `${data}
const result = await train(session, plan, data.train);`,
    `${data}
const result = await train(session, plan, data);`,
  ),
  RFF771: library(
    `${data}
const result = await train(session, plan, data, { epoch: 3 });`,
    `${data}
const result = await train(session, plan, data, { epochs: 3 });`,
  ),
  RFF772: library(
    `${data}
const result = await train(session, plan, data, { epochs: 0 });`,
    `${data}
const result = await train(session, plan, data, { epochs: 1 });`,
  ),
  RFF773: library(
    `const fresh = await openBackend('cpu', plan);
await saveWeights(fresh, file);`,
    `const fresh = await openBackend('cpu', plan);
initialize(fresh, plan);
await saveWeights(fresh, file);
await fresh.dispose();`,
  ),
  RFF774: library(
    `${data}
const other = await compile({ text: text.replace('h2[20]', 'h2[30]'), file: 'other.rff' });
const result = await train(session, other.plan, data);`,
    `${data}
const result = await train(session, plan, data);`,
  ),
  RFF775: library(
    `await session.dispose();
const weights = await session.read('h1.image.forward.weight');`,
    `const weights = await session.read('h1.image.forward.weight');
await session.dispose();`,
  ),
  RFF776: circumstance(
    "await loadDataset({ name: 'mnist', options: {} }) in a page, from 'rffc/browser'",
    'fetch the numbers, and samples(values, { inputSize: 784 }, labels)',
    'test/browser.test.ts',
  ),
};
