/** Error codes of the library's functions: wrong arguments, and sessions without weights. */
import type { CodeInfo } from '../grammar/codes.js';

export const libraryCodes: Readonly<Record<string, CodeInfo>> = {
  RFF770: {
    title: 'wrong argument',
    explanation:
      'A function of the library was given an argument of the wrong kind: for example, a whole compilation ' +
      'where its plan is expected. ' +
      'The calls are `train(session, plan, { train, test }, options, callbacks)`, `evaluate(session, plan, ' +
      'split)` and `predict(session, plan, split)`.',
  },
  RFF771: {
    title: 'unknown option',
    explanation:
      'A function of the library was given an option, or a callback, that it does not have. The message ' +
      'names the nearest one.',
  },
  RFF772: {
    title: 'invalid option value',
    explanation:
      'An option of the library has a value of the wrong kind: `epochs` is an integer of at least 1, `lr` a ' +
      'number above 0.',
  },
  RFF773: {
    title: 'no weights',
    explanation:
      'A new session holds zeros. `train` initializes parameters that have not been written; evaluating, ' +
      'predicting and saving require weights: call `train`, `initialize` or `loadWeights` first.',
  },
  RFF774: {
    title: 'session of another network',
    explanation:
      'A session runs the plan that it was opened with. The plan given has other parameters, or another batch size.',
  },
  RFF775: {
    title: 'session is closed',
    explanation:
      'A session was used after `dispose`, or outside the block of its `await using`. Open a new one.',
  },
  RFF776: {
    title: 'data that a page cannot read',
    explanation:
      'In a page, only `digits()` is available; every other data set is read from files. Fetch the values ' +
      'and create samples: `samples(values, { inputSize }, labels)`.',
  },
};
