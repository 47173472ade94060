/** Error codes of the tools: `sweep`, `export`, `init`, `explain` and the command line. */
import type { CodeInfo } from '../grammar/codes.js';

export const toolCodes: Readonly<Record<string, CodeInfo>> = {
  RFF901: {
    title: 'invalid sweep setting',
    explanation:
      '`rffc sweep` requires at least one `--set`, which takes `name=v1,v2,…`, or with `--sampler random` ' +
      'also `name=low..high`. The name is a param of the model or one of `lr`, `epochs`, `batch` and ' +
      '`seed`; the last three are integers.',
  },
  RFF902: {
    title: 'directory of another sweep',
    explanation:
      'The same command with the same model and settings resumes a sweep. The directory given by `--out` ' +
      'contains a sweep of another model or with other settings: choose another one.',
  },
  RFF903: {
    title: 'damaged sweep.json',
    explanation:
      'A sweep’s trials are in sweep.json, as written by `rffc sweep`. Restore it, or choose another `--out`.',
  },
  RFF904: {
    title: 'every trial failed',
    explanation:
      "No trial of the sweep finished. The table shows each trial's error; `--retry` runs them again.",
  },
  RFF905: {
    title: 'no such sample',
    explanation:
      '`rffc data sample` writes one sample of a data set as an image. `--index` counts the samples of a ' +
      'split from 0. `rffc data sample digits --index 2000 --out digit.png` fails, as there are only 2000 ' +
      'test samples; `--index 1999` is the last.',
  },
  RFF911: {
    title: 'not supported by ONNX export',
    explanation:
      'The prediction of this model has an operation that rffc cannot express in ONNX, or more than the 2 ' +
      'GiB of weights that an ONNX file can hold.',
  },
  RFF931: {
    title: 'network cannot generate',
    explanation:
      '`rffc generate` runs a network on its own reconstruction of the input while a label is held. It ' +
      'requires a decoder (`decode INPUT from LAYER`), which is trained with the network, and layers that ' +
      'receive the label.',
  },
  RFF932: {
    title: 'values are not an image',
    explanation:
      'The values of an input are written as an image, row by row: a square one, or one of the rows and ' +
      'columns given by `--grid`.',
  },
  RFF933: {
    title: 'unknown label',
    explanation: 'Labels are numbered from 0 and below the number of classes that the model declares.',
  },
  RFF921: {
    title: 'unknown code or term',
    explanation:
      '`rffc explain` takes a code, such as RFF201, or a term of the field, such as `softmax`. Without an ' +
      'argument it lists all of them.',
  },
  RFF922: {
    title: 'file already exists',
    explanation: '`rffc init` creates a new file and never overwrites one. Choose another name.',
  },
  RFF923: {
    title: 'unknown command',
    explanation:
      '`rffc --help` lists the commands. A command of another tool, such as `train`, gets the equivalent as ' +
      'a suggestion.',
  },
  RFF924: {
    title: 'unknown option',
    explanation:
      "`rffc COMMAND --help` lists a command's options. An option of another tool, such as " +
      '`--learning-rate`, gets the equivalent as a suggestion.',
  },
  RFF925: {
    title: 'missing or excess argument',
    explanation:
      'A required argument or option is not given, an option has no value, or there are more arguments than ' +
      'the command takes. `rffc COMMAND --help` shows its usage.',
  },
  RFF926: {
    title: 'invalid value of an option or argument',
    explanation:
      'The value is of the wrong type, out of range, or not one of the words allowed. `rffc COMMAND --help` ' +
      'describes each option.',
  },
};
