/** Every code's example. Loaded by `rffc explain` alone: neither the compiler nor a page needs them. */
import { checkExamples } from './check-examples.js';
import { dataExamples } from './data-examples.js';
import { engineExamples } from './engine-examples.js';
import type { CodeExample } from './example.js';
import { libraryExamples } from './library-examples.js';
import { planExamples } from './plan-examples.js';
import { runExamples } from './run-examples.js';
import { syntaxExamples } from './syntax-examples.js';
import { toolExamples } from './tool-examples.js';

export const codeExamples: ReadonlyMap<string, CodeExample> = new Map(
  [
    syntaxExamples,
    checkExamples,
    planExamples,
    engineExamples,
    dataExamples,
    runExamples,
    libraryExamples,
    toolExamples,
  ].flatMap((table) => Object.entries(table)),
);
