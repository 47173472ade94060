/** Examples of the codes RFF7xx: files, run folders, options, and training. */
import { type ExampleTable, file, library, shell } from './example.js';

const document = 'rffc compile model.rff --emit model -o model.json';
const plan = 'rffc compile model.rff -o model.plan.json';

/** A run on data without test samples. */
const table = [
  "printf '0,1.5,2\\n1,0.5,3\\n' > table.csv",
  file('own.rff', {
    input: 'input pair[2]',
    label: 'label digit[2]',
    connect: 'connect pair -> h1 -> h2, digit -> h1, digit -> h2 as forward',
    train: 'train { data: csv("table.csv"), batch: 20 }',
  }),
  'rffc run own.rff --out runs/table',
];

/** The small model with another loss for negative rows, and a rate at which it shows. */
const rewarding = (negative: string) => ({
  objective: `objective {
  goodness: mean(h^2)
  positive: softplus(goodness - 1.5)
  negative: ${negative}
}`,
  train: 'train { data: digits(train: 200, test: 100), batch: 20, optimizer: rmsprop(lr: 0.1) }',
});

/** The small model with a type of its own for the label's connections. */
const contextual = (properties: string) => ({
  connections: `connection forward { }\nconnection context { ${properties} }`,
  connect: 'connect image -> h1 -> h2 as forward\nconnect digit -> h1, digit -> h2 as context',
  train: 'train { data: digits(train: 400, test: 100), batch: 20, optimizer: rmsprop(lr: 3e-3) }',
});

export const runExamples: ExampleTable = {
  RFF701: shell(['rffc check modle.rff'], ['rffc check model.rff']),
  RFF702: shell(['rffc check runs'], ['rffc check model.rff']),
  RFF703: shell(['ln -s loop.rff loop.rff', 'rffc check loop.rff'], ['rffc check model.rff']),
  RFF704: shell(['rffc eval runs'], ['rffc eval runs/first']),
  RFF705: shell(
    [
      'cp -r runs/first runs/copy',
      'head -c 100 runs/first/config.json > runs/copy/config.json',
      'rffc eval runs/copy',
    ],
    ['cp -r runs/first runs/copy', 'rffc eval runs/copy'],
  ),
  RFF706: shell(
    [
      file('wide.rff', { layers: 'layer h1[20], h2[30]' }),
      'rffc run wide.rff --init runs/first/best.safetensors',
    ],
    [
      file('same.rff', { layers: 'layer h1[20], h2[20]' }),
      'rffc run same.rff --init runs/first/best.safetensors',
    ],
  ),
  RFF707: library(
    `await saveWeights(session, \`\${run}/checkpoint.safetensors\`);
const result = await resumeRun(run, { epochs: 3 }, openBackend);`,
    'const result = await resumeRun(run, { epochs: 3 }, openBackend);',
  ),
  RFF708: shell(['rffc run model.rff --out runs/first'], ['rffc run model.rff --out runs/second']),
  RFF709: shell(
    [
      file('own.rff', { label: 'label digit[5]', train: 'train { data: idx("digits"), batch: 20 }' }),
      'rffc run own.rff',
    ],
    [
      file('own.rff', { label: 'label digit[10]', train: 'train { data: idx("digits"), batch: 20 }' }),
      'rffc run own.rff',
    ],
  ),
  RFF710: shell([...table, 'rffc eval runs/table'], [...table, 'rffc eval runs/table --split train']),
  RFF711: shell(
    [file('own.rff', { negatives: 'negatives: given()' }), 'rffc run own.rff'],
    [file('own.rff', { negatives: 'negatives: random_label()' }), 'rffc run own.rff'],
  ),
  RFF712: shell(['rffc run model.rff --lr 1e30'], ['rffc run model.rff --lr 1e-3']),
  RFF713: shell(['rffc run --resume runs/first --seed 3'], ['rffc run model.rff --seed 3']),
  RFF714: shell([document, 'rffc fmt model.json'], ['rffc fmt model.rff']),
  RFF715: shell([plan, 'rffc check model.plan.json'], [plan, 'rffc run model.plan.json']),
  RFF716: shell(
    [
      file('own.rff', {
        label: '',
        connect: 'connect image -> h1 -> h2 as forward',
        schedule: 'schedule { phase learn[4] }',
        negatives: 'negatives: hybrid_images()',
      }),
      'rffc run own.rff --out runs/own',
      'rffc eval runs/own',
    ],
    [
      file('own.rff', {
        label: 'label digit[10]',
        connect: 'connect image -> h1 -> h2 as forward',
        schedule: 'schedule { phase learn[4] }',
        negatives: 'negatives: hybrid_images()\nreadout: softmax()',
      }),
      'rffc run own.rff --out runs/own',
      'rffc eval runs/own',
    ],
  ),
  RFF717: shell(
    ['rffc predict runs/first --data runs/first/best.safetensors --out labels.safetensors'],
    ['rffc predict runs/first --data digit.png --out labels.safetensors'],
  ),
  RFF718: shell(
    ['rffc compile model.rff', "echo '// changed' >> model.rff", 'rffc run'],
    ['rffc compile model.rff', "echo '// changed' >> model.rff", 'rffc compile model.rff', 'rffc run'],
  ),
  RFF719: shell(['rffc run'], ['rffc compile model.rff', 'rffc run']),
  RFF720: shell(
    [
      'cp -r runs/first runs/copy',
      'printf damage | dd of=runs/copy/best.safetensors bs=1 seek=9000 conv=notrunc',
      'rffc eval runs/copy',
    ],
    [
      'cp -r runs/first runs/copy',
      'printf damage | dd of=runs/copy/best.safetensors bs=1 seek=9000 conv=notrunc',
      'rffc eval runs/copy --weights last',
    ],
  ),
  RFF721: shell(
    [
      file('silent.rff', { connections: 'connection forward { init: zeros(), bias: zeros() }' }),
      'rffc run silent.rff --epochs 3 --out runs/silent',
    ],
    [
      file('silent.rff', { connections: 'connection forward { init: kaiming_uniform() }' }),
      'rffc run silent.rff --epochs 3 --out runs/silent',
    ],
  ),
  RFF722: shell(
    [file('endless.rff', rewarding('-goodness')), 'rffc run endless.rff --epochs 2 --out runs/endless'],
    [
      file('endless.rff', rewarding('softplus(1.5 - goodness)')),
      'rffc run endless.rff --epochs 2 --out runs/endless',
    ],
  ),
  RFF723: shell(
    [
      file('loud.rff', contextual('init: normal(std: 300), learn: off')),
      'rffc run loud.rff --epochs 6 --out runs/loud',
    ],
    [file('loud.rff', contextual('init: normal(std: 1)')), 'rffc run loud.rff --epochs 6 --out runs/loud'],
  ),
  RFF740: shell(
    [
      'cp -r runs/first runs/copy',
      'rm runs/copy/report.html',
      'mkdir runs/copy/report.html',
      'rffc run --resume runs/copy --epochs 3',
    ],
    ['cp -r runs/first runs/copy', 'rffc run --resume runs/copy --epochs 3'],
  ),
  RFF741: shell(
    [
      'cp -r runs/first runs/copy',
      'echo > runs/copy/tensorboard',
      'rffc run --resume runs/copy --epochs 3 --log tensorboard',
    ],
    ['cp -r runs/first runs/copy', 'rffc run --resume runs/copy --epochs 3 --log tensorboard'],
  ),
  RFF760: shell(
    ["printf 'RIFF....WEBPVP8 ' > digit.webp", 'rffc predict runs/first --data digit.webp'],
    ['rffc predict runs/first --data digit.png'],
  ),
  RFF761: shell(
    [
      'awk \'BEGIN { for (i = 0; i < 784; i++) printf "%s%d", i ? "," : "", i % 60 ? 0 : -300; print "" }\' > row.csv',
      'rffc predict runs/first --data row.csv',
    ],
    ['rffc predict runs/first --data digit.png'],
  ),
  RFF762: shell(
    ['rffc predict runs/first --data digit.png --out labels.xlsx'],
    ['rffc predict runs/first --data digit.png --out labels.csv'],
  ),
  RFF763: shell(
    ['rffc predict runs/first --data paper.png'],
    ['rffc predict runs/first --data paper.png --invert'],
  ),
  RFF764: shell(['rffc predict runs/first --data blank.png'], ['rffc predict runs/first --data digit.png']),
  RFF765: shell(
    ['rffc predict runs/first --data large.png'],
    ['rffc predict runs/first --data large.png --resize'],
  ),
  RFF766: shell(
    ['mkdir pictures', 'cp digit.png model.rff pictures', 'rffc predict runs/first --data pictures'],
    ['mkdir pictures', 'cp digit.png pictures', 'rffc predict runs/first --data pictures'],
  ),
};
