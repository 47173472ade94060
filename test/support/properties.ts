/**
 * Properties draw the same cases in every run, so that a failure is the change's own and not the draw's.
 * `RFFC_FUZZ_SEED=N` draws others, and `RFFC_FUZZ` alone (see differential.test.ts) new ones each time.
 */
import fc from 'fast-check';

const { RFFC_FUZZ: fuzz, RFFC_FUZZ_SEED: told } = process.env;
const seed = told === undefined ? 20240607 : Number(told);
if (!Number.isInteger(seed)) throw new Error(`RFFC_FUZZ_SEED=${told} is not an integer`);
if (fuzz === undefined || told !== undefined) fc.configureGlobal({ seed });
