/** What can be wrong with a plan that is read from a file, by code. */

export interface CodeInfo {
  readonly title: string;
  readonly explanation: string;
}

export const planCodes = {
  RFF850: { title: 'not a plan', explanation: 'The JSON does not match `grammar/schema/plan.schema.json`.' },
  RFF851: {
    title: 'unsupported plan version',
    explanation: 'The plan was compiled by another version of rffc. Compile its model again.',
  },
  RFF852: {
    title: 'invalid memory layout in a plan',
    explanation:
      'A plan has each of the six arenas once; every buffer lies inside its arena at a multiple of 256 ' +
      'bytes; all arenas together are at most 2^40 bytes.',
  },
  RFF853: {
    title: 'out-of-bounds access in a plan',
    explanation:
      'A launch reads or writes beyond the end of a buffer, counting rows padded to vectors of four ' +
      'numbers. Compile the model again.',
  },
  RFF854: {
    title: 'invalid kernel in a plan',
    explanation:
      'A row kernel computes its nodes in order, from inputs, constants and earlier nodes; each operator ' +
      'has its number of operands, and a scalar per row is computed from scalars per row or by a reduction. ' +
      'Operators nest at most 2048 deep.',
  },
  RFF855: {
    title: 'invalid launch in a plan',
    explanation:
      "A launch has its kernel's inputs and outputs, its matrices' shapes agree, and no two of its rows " +
      'write to the same location. Compile the model again.',
  },
  RFF856: {
    title: 'invalid tensor in a plan',
    explanation:
      'A tensor has a unique name and regions that hold exactly its shape, in the arena of its role.',
  },
  RFF857: {
    title: 'plan and model differ',
    explanation:
      'A plan contains the model it was compiled from: its classes, layers, learning steps, tensors and ' +
      'products have to match that model.',
  },
  RFF858: {
    title: 'unchecked class indices in a plan',
    explanation:
      'A lookup by class reads indices that only the host or a random draw of classes may write: any other ' +
      'number could read outside the memory.',
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type PlanCode = keyof typeof planCodes;
