/** Examples of the codes RFF85x: a plan that was damaged or edited by hand. */
import { type CodeExample, type ExampleTable, library, shell } from './example.js';

const compile = 'rffc compile model.rff -o model.plan.json';
/** A plan that someone changed; as compiled it is valid. */
const edited = (edit: string): CodeExample =>
  library(
    `${edit}\nconst { diagnostics } = validatePlan(plan);`,
    'const { diagnostics } = validatePlan(plan);',
  );

export const planExamples: ExampleTable = {
  RFF850: shell(
    [
      compile,
      'sed \'s/"kernels"/"programs"/\' model.plan.json > edited.plan.json',
      'rffc run edited.plan.json',
    ],
    [compile, 'rffc run model.plan.json'],
  ),
  RFF851: shell(
    [
      compile,
      'sed \'s/"version": *[0-9]*/"version": 0/\' model.plan.json > old.plan.json',
      'rffc run old.plan.json',
    ],
    [compile, 'rffc run model.plan.json'],
  ),
  RFF852: edited('plan.buffers[0].bytes = 2 ** 30;'),
  RFF853: edited("plan.programs.train.find((launch) => launch.kind === 'gemm').b.offset += 1e6;"),
  RFF854: edited("plan.kernels[0].nodes.push(['system', 0]);"),
  RFF855: edited("plan.programs.train.find((launch) => launch.kind === 'rows').inputs.pop();"),
  RFF856: edited('plan.tensors.push(plan.tensors[0]);'),
  RFF857: edited('plan.layers.reverse();'),
  RFF858: edited(`const inputs = plan.programs.train.flatMap((launch) => launch.inputs ?? []);
const { lookup } = inputs.find((input) => input.lookup);
lookup.index.buffer = plan.tensors.find(({ name }) => name === 'x').regions[0].buffer;`),
};
