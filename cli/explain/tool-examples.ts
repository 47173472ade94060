/** Examples of the codes RFF9xx: the commands around a model, and how commands are called. */
import { type ExampleTable, file, library, shell } from './example.js';

const decoder = [
  file('decoder.rff', { decode: 'decode image from h1' }),
  'rffc run decoder.rff --out runs/decoder',
];
const sweep = 'rffc sweep model.rff --set seed=1,2 --trials 1 --epochs 1 --out runs/seeds';

export const toolExamples: ExampleTable = {
  RFF901: shell(
    ['rffc sweep model.rff --set thetta=1,1.5'],
    ['rffc sweep model.rff --set theta=1,1.5 --epochs 1'],
  ),
  RFF902: shell([sweep, 'rffc sweep model.rff --set seed=3,4 --out runs/seeds'], [sweep, sweep]),
  RFF903: shell(['mkdir -p runs/seeds', 'echo {} > runs/seeds/sweep.json', sweep], [sweep]),
  RFF904: shell(
    ['rffc sweep model.rff --set lr=1e30,1e31 --trials 1'],
    ['rffc sweep model.rff --set lr=1e-4,1e-3 --trials 1 --epochs 1'],
  ),
  RFF911: library(
    `const weights = new Map([['h1.image.forward.weight', new Float32Array(2 ** 29 + 1)]]); // 2 GiB
const { bytes } = exportOnnx(graph, weights, { version: '1' });`,
    `const weights = new Map();
for (const { name, role } of session.tensors)
  if (role === 'parameter') weights.set(name, await session.read(name));
const { bytes } = exportOnnx(graph, weights, { version: '1' });`,
  ),
  RFF905: shell(
    ['rffc data sample digits --index 2000 --out sample.png'],
    ['rffc data sample digits --index 1999 --out sample.png'],
  ),
  RFF921: shell(['rffc explain RFF2O1'], ['rffc explain RFF201']),
  RFF922: shell(['rffc init model'], ['rffc init second']),
  RFF923: shell(['rffc train model.rff'], ['rffc run model.rff']),
  RFF924: shell(['rffc run model.rff --learning-rate 1e-3'], ['rffc run model.rff --lr 1e-3']),
  RFF925: shell(['rffc check'], ['rffc check model.rff']),
  RFF926: shell(['rffc run model.rff --epochs 0'], ['rffc run model.rff --epochs 1']),
  RFF931: shell(
    ['rffc generate runs/first --label 3 --out threes'],
    [...decoder, 'rffc generate runs/decoder --label 3 --out threes'],
  ),
  RFF932: shell(
    [...decoder, 'rffc generate runs/decoder --label 3 --grid 30x30 --out threes'],
    [...decoder, 'rffc generate runs/decoder --label 3 --grid 28x28 --out threes'],
  ),
  RFF933: shell(
    [...decoder, 'rffc generate runs/decoder --label 10 --out tens'],
    [...decoder, 'rffc generate runs/decoder --label 9 --out nines'],
  ),
};
