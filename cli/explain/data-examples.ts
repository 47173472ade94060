/** Examples of the codes RFF6xx: data sets and the files they are read from. */
import { circumstance, type ExampleTable, file, library, shell } from './example.js';

/** The small model on another data set, as own.rff. */
const on = (call: string) => file('own.rff', { train: `train { data: ${call}, epochs: 2, batch: 20 }` });
/** The small model on table.csv, two values a sample and two classes, as own.rff. */
const onTable = (more = '') =>
  file('own.rff', {
    input: 'input pair[2]',
    label: 'label digit[2]',
    connect: 'connect pair -> h1 -> h2, digit -> h1, digit -> h2 as forward',
    train: `train { data: csv("table.csv")${more}, batch: 20 }`,
  });

const onPens = file('own.rff', {
  input: 'input pen[4]',
  connect: 'connect pen -> h1 -> h2, digit -> h1, digit -> h2 as forward',
  train: 'train { data: strokes("pens"), batch: 20 }',
});

const values = "new Map([['x', { dtype: 'F32', shape: [2, 4], data: new Float32Array(8) }]";

export const dataExamples: ExampleTable = {
  RFF600: shell(['rffc data info minst'], ['rffc data info mnist']),
  RFF602: shell([on('idx("photos")'), 'rffc run own.rff'], [on('idx("digits")'), 'rffc run own.rff']),
  RFF603: library(
    "const data = await loadDataset({ name: 'digits', options: { train: 0, test: 10 } });",
    "const data = await loadDataset({ name: 'digits', options: { train: 100, test: 10 } });",
  ),
  RFF610: shell(
    [
      'cp -r digits cut',
      'head -c 1000 digits/train-images-idx3-ubyte > cut/train-images-idx3-ubyte',
      on('idx("cut")'),
      'rffc run own.rff',
    ],
    [on('idx("digits")'), 'rffc run own.rff'],
  ),
  RFF611: shell(
    [
      'cp -r digits mixed',
      'cp digits/t10k-labels-idx1-ubyte mixed/train-labels-idx1-ubyte',
      on('idx("mixed")'),
      'rffc run own.rff',
    ],
    [on('idx("digits")'), 'rffc run own.rff'],
  ),
  RFF612: shell(
    ['mkdir data', 'cp -r digits data/mnist', on('mnist()'), 'rffc run own.rff --data-dir data'],
    ['mkdir data', 'cp -r digits data/mnist', on('idx("data/mnist")'), 'rffc run own.rff'],
  ),
  RFF613: shell(
    [
      'cp -r digits cut',
      'gzip cut/train-images-idx3-ubyte',
      'gzip -c digits/train-images-idx3-ubyte | head -c 3000 > cut/train-images-idx3-ubyte.gz',
      on('idx("cut")'),
      'rffc run own.rff',
    ],
    ['cp -r digits packed', 'gzip packed/train-images-idx3-ubyte', on('idx("packed")'), 'rffc run own.rff'],
  ),
  RFF614: circumstance(
    'train { data: idx("photos") } with photos/train-images-idx3-ubyte.gz of 100 GB decompressed',
    'gunzip photos/train-images-idx3-ubyte.gz',
    'runtime/data/streaming.test.ts',
  ),
  RFF620: circumstance(
    'rffc data fetch mnist, without a network or while the mirrors do not answer',
    'the same command again, which resumes; or copy the files into a directory and name it with --data-dir',
    'runtime/data/fetch.test.ts',
  ),
  RFF630: library(
    `await writeSafetensors(file, ${values}]));
const data = await loadDataset({ name: 'tensors', options: { file } });`,
    `await writeSafetensors(file, ${values}, ['y', { dtype: 'I32', shape: [2], data: new Int32Array([0, 1]) }]]));
const data = await loadDataset({ name: 'tensors', options: { file } });`,
  ),
  RFF640: shell(
    [
      'head -c 1000 runs/first/best.safetensors > cut.safetensors',
      'rffc predict runs/first --data cut.safetensors --out labels.safetensors',
    ],
    ['rffc predict runs/first --data digit.png --out labels.safetensors'],
  ),
  RFF641: library(
    "const { tensors } = await readSafetensors('.');",
    `await saveWeights(session, file);
const { tensors } = await readSafetensors(file);`,
  ),
  RFF642: library(
    'await writeSafetensors(file, new Map([["x", { dtype: "F32", shape: [2, 5], data: new Float32Array(8) }]]));',
    'await writeSafetensors(file, new Map([["x", { dtype: "F32", shape: [2, 4], data: new Float32Array(8) }]]));',
  ),
  RFF643: library(
    "const labels = toInt32({ dtype: 'F32', shape: [2], data: new Float32Array([0, 0.5]) });",
    "const labels = toInt32({ dtype: 'F32', shape: [2], data: new Float32Array([0, 1]) });",
  ),
  RFF650: shell(
    ["printf '0,1.5,2\\n1,0.5,x\\n' > table.csv", onTable(), 'rffc run own.rff'],
    ["printf '0,1.5,2\\n1,0.5,3\\n' > table.csv", onTable(), 'rffc run own.rff'],
  ),
  RFF651: shell(
    ['mkdir pens', "echo '1 2 0 1' > pens/trainimg-0-targetdata.txt", onPens, 'rffc run own.rff'],
    [
      'mkdir pens',
      "echo '0 0 0 1 0 0 0 0 0 0  1 2 0 1' > pens/trainimg-0-targetdata.txt",
      onPens,
      'rffc run own.rff',
    ],
  ),
  RFF660: shell(
    ["printf '0,1.5,2\\n1,0.5,3\\n' > table.csv", onTable(', augment: shift(2)'), 'rffc run own.rff'],
    ["printf '0,1.5,2\\n1,0.5,3\\n' > table.csv", onTable(', augment: noise(0.1)'), 'rffc run own.rff'],
  ),
  RFF670: shell(
    ['head -c 60 digit.png > cut.png', 'rffc predict runs/first --data cut.png --out labels.safetensors'],
    ['rffc predict runs/first --data digit.png --out labels.safetensors'],
  ),
};
