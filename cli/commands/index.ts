/** The commands, in the order that help lists them. */
import type { AddCommand } from './add.js';
import { addBackends } from './backends.js';
import { addBench } from './bench.js';
import { addCheck } from './check.js';
import { addCompile } from './compile.js';
import { addCompletion } from './completion.js';
import { addData } from './data.js';
import { addEval } from './eval.js';
import { addExplain } from './explain.js';
import { addExport } from './export.js';
import { addFmt } from './fmt.js';
import { addGenerate } from './generate.js';
import { addInit } from './init.js';
import { addPredict } from './predict.js';
import { addRun } from './run.js';
import { addSweep } from './sweep.js';

export const commands: readonly AddCommand[] = [
  addCheck,
  addFmt,
  addCompile,
  addRun,
  addEval,
  addPredict,
  addGenerate,
  addExport,
  addSweep,
  addBench,
  addBackends,
  addData,
  addInit,
  addExplain,
  addCompletion,
];
