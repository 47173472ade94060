/** What can be wrong with a plan that is read from a file, by code. */

export interface CodeInfo {
  readonly title: string;
  readonly explanation: string;
}

export const planCodes = {
  RFF850: {
    title: 'not a plan',
    explanation: 'The JSON does not have the shape that `grammar/schema/plan.schema.json` describes.',
  },
  RFF851: {
    title: 'version of a plan',
    explanation: 'The plan was compiled by another version of rffc. Compile its model again.',
  },
  RFF852: {
    title: 'memory of a plan',
    explanation:
      'All six arenas are there, each once; every buffer lies inside its arena and starts at a multiple of 256 bytes; the arenas together have at most 2^40 bytes.',
  },
  RFF853: {
    title: 'outside of a buffer',
    explanation:
      'A launch reads or writes beyond the end of a buffer, also counting the padding of its rows to whole vectors of four numbers.',
  },
  RFF854: {
    title: 'kernel of a plan',
    explanation:
      'A row kernel computes its nodes in order from inputs, constants and earlier nodes, each operator with as many arguments as it takes, and a number a row only from what is one; at most 2048 operators lie within each other.',
  },
  RFF855: {
    title: 'launch of a plan',
    explanation:
      'A launch has the inputs and outputs of its kernel, the shapes of its matrices fit together, and no two of its rows are written to the same place.',
  },
  RFF856: {
    title: 'tensor of a plan',
    explanation:
      'A tensor has a name of its own, regions of as many numbers as its shape has, in the arena of its role.',
  },
  RFF857: {
    title: 'plan and model differ',
    explanation:
      'A plan holds the model it was compiled from: its classes, layers, learning steps, tensors and products as written are those of that model.',
  },
  RFF858: {
    title: 'class indices',
    explanation:
      'What is looked up by a class is where the host or a draw puts classes, and nothing else writes there: any other number could lead outside of the memory.',
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type PlanCode = keyof typeof planCodes;
