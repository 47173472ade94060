/** What the tools around a model can complain of, by code: `sweep`, `export`, `init` and `explain`. */
import type { CodeInfo } from '../grammar/codes.js';

export const toolCodes: Readonly<Record<string, CodeInfo>> = {
  RFF901: {
    title: 'a setting of a sweep',
    explanation:
      '`rffc sweep --set` takes `name=v1,v2,…`, or with `--sampler random` also `name=low..high`. A name is a param of the model or, where it has no such param, one of `lr`, `epochs`, `batch`, `seed`; the last three are whole numbers.',
  },
  RFF902: {
    title: 'a folder of another sweep',
    explanation:
      'A sweep goes on where it stopped if it is called again with the same model and the same settings. The folder named by `--out` holds a sweep of another model or other settings.',
  },
  RFF903: {
    title: 'sweep.json is damaged',
    explanation:
      'A sweep remembers its trials in the sweep.json of its folder, which must be as it wrote it.',
  },
  RFF904: {
    title: 'every trial failed',
    explanation:
      'No trial of the sweep came to an end. The table names what went wrong with each; `--retry` tries them again.',
  },
  RFF905: {
    title: 'no such sample',
    explanation:
      '`rffc data sample` writes one sample of a data set as a picture. `--index` counts the samples of a split from 0. `rffc data sample digits --index 2000 --out digit.png` fails, as there are only 2000 test samples; `--index 1999` is the last.',
  },
  RFF911: {
    title: 'what ONNX export cannot write',
    explanation:
      'The prediction program of this model has an operation that has no form in ONNX here, or more than the 2 GiB of weights that an ONNX file can hold.',
  },
  RFF931: {
    title: 'a network that cannot generate',
    explanation:
      '`rffc generate` runs a network on its own reconstruction of the input with a label held on. It needs a decoder (`decode INPUT from LAYER`), which is trained with the network, and layers that hear the label.',
  },
  RFF932: {
    title: 'values that are no picture',
    explanation:
      'The values of an input are written as a picture, row by row: a square one, or one of as many rows and columns as `--grid` says.',
  },
  RFF933: {
    title: 'no such label',
    explanation: 'Labels are numbered from 0; there are as many as the model declares classes.',
  },
  RFF921: {
    title: 'no such code',
    explanation: '`rffc explain` without a code lists every code there is.',
  },
  RFF922: {
    title: 'the file is there already',
    explanation: '`rffc init` writes a new file and never over another. Choose another name.',
  },
};
