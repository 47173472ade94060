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

/** The same with an argument more and other classes. */
const labelled = (argument: string, classes: number) =>
  file('own.rff', {
    input: 'input pair[2]',
    label: `label digit[${classes}]`,
    connect: 'connect pair -> h1 -> h2, digit -> h1, digit -> h2 as forward',
    train: `train { data: csv("table.csv", ${argument}), batch: 2 }`,
  });
const wide = (argument: string) =>
  file('own.rff', {
    input: 'input triple[3]',
    label: 'label digit[2]',
    connect: 'connect triple -> h1 -> h2, digit -> h1, digit -> h2 as forward',
    train: `train { data: csv("wide.csv"${argument}), batch: 2 }`,
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
  RFF615: shell(
    ["echo '1 2 3' > x.npy", 'rffc predict runs/first --data x.npy'],
    ['rffc predict runs/first --data digit.png'],
  ),
  RFF616: shell(
    ["printf '0,1.5,2\\n1,0.5,3\\n2,1,1\\n' > table.csv", labelled('first_label: 1', 2), 'rffc run own.rff'],
    ["printf '0,1.5,2\\n1,0.5,3\\n2,1,1\\n' > table.csv", labelled('first_label: 0', 3), 'rffc run own.rff'],
  ),
  RFF617: shell(
    [
      "printf 'kind,a,b\\n1,1.5,2\\n2,0.5,3\\n1,1,1\\n' > table.csv",
      labelled('label: "kind"', 3),
      'rffc run own.rff',
    ],
    [
      "printf 'kind,a,b\\n1,1.5,2\\n2,0.5,3\\n1,1,1\\n' > table.csv",
      labelled('label: "kind", first_label: 1', 2),
      'rffc run own.rff',
    ],
  ),
  RFF618: shell(
    [
      'rffc predict runs/first --data digit.png --out labels.npz',
      on('numpy("labels.npz")'),
      'rffc run own.rff',
    ],
    [on('idx("digits")'), 'rffc run own.rff'],
  ),
  RFF619: shell(
    [
      'mkdir -p pictures/0 pictures/1',
      'cp digit.png pictures/0',
      'cp large.png pictures/1',
      file('own.rff', { label: 'label digit[2]', train: 'train { data: image_folder("pictures") }' }),
      'rffc run own.rff',
    ],
    [
      'mkdir -p pictures/0 pictures/1',
      'cp digit.png pictures/0',
      'cp digit.png pictures/1',
      file('own.rff', {
        label: 'label digit[2]',
        train: 'train { data: image_folder("pictures"), batch: 2 }',
      }),
      'rffc run own.rff',
    ],
  ),
  RFF671: shell(
    ["printf '0,0,255\\n1,128,7\\n1,99,200\\n' > table.csv", onTable(), 'rffc run own.rff'],
    [
      "printf '0,0,255\\n1,128,7\\n1,99,200\\n' > table.csv",
      labelled('normalize: [0, 255]', 2),
      'rffc run own.rff',
    ],
  ),
  RFF672: shell(
    ['seq 0 39 | awk \'{ print $1 "," $1 % 3 ",5" }\' > table.csv', onTable(), 'rffc run own.rff'],
    ['seq 0 39 | awk \'{ print $1 % 2 "," $1 % 3 ",5" }\' > table.csv', onTable(), 'rffc run own.rff'],
  ),
  RFF673: shell(
    ["printf '0,1,2,3\\n1,1.5,2,4\\n0,0.5,3,1\\n' > wide.csv", wide(''), 'rffc run own.rff'],
    ["printf '0,1,2,3\\n1,1.5,2,4\\n0,0.5,3,1\\n' > wide.csv", wide(', header: on'), 'rffc run own.rff'],
  ),
};
