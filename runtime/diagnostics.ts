/**
 * Every diagnostic that rffc can give, in one table: the parts' own tables put together. `rffc explain` reads it, and
 * so can an editor.
 */
import { checkCodes } from '../compiler/check/codes.js';
import { planCodes } from '../compiler/plan/codes.js';
import { type CodeInfo, syntaxCodes } from '../grammar/codes.js';
import { engineCodes } from './codes.js';
import { dataCodes } from './data/codes.js';
import { libraryCodes } from './library-codes.js';
import { runCodes } from './run/codes.js';
import { toolCodes } from './tool-codes.js';

/** Title and explanation of every code, in the order of the codes. */
export const diagnosticCodes: ReadonlyMap<string, CodeInfo> = new Map(
  [syntaxCodes, checkCodes, planCodes, engineCodes, dataCodes, runCodes, libraryCodes, toolCodes]
    .flatMap((table): [string, CodeInfo][] => Object.entries(table))
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
