/** What the library's functions can complain of beside what they do: their arguments, and sessions without weights. */
import type { CodeInfo } from '../grammar/codes.js';

export const libraryCodes: Readonly<Record<string, CodeInfo>> = {
  RFF770: {
    title: 'wrong argument',
    explanation:
      'A function of the library was given an argument of another kind than it takes: no data set, for ' +
      'example, or a compilation where its plan is expected. ' +
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
      'A new session holds zeros. `train` initializes the parameters that nobody has written; evaluating, ' +
      'predicting and saving need weights: call `train`, `initialize` or `loadWeights` first.',
  },
  RFF774: {
    title: 'session of another network',
    explanation:
      'A session plays the plan that it was opened with. The plan given beside it has other parameters, or ' +
      'was compiled for another batch size.',
  },
  RFF775: {
    title: 'session is closed',
    explanation:
      'A session was used after `dispose`, or outside of the block of its `await using`. Open another one.',
  },
  RFF776: {
    title: 'data that a page cannot read',
    explanation:
      'In a page, `digits()` is drawn; every other data set is read from files. Fetch the numbers and make ' +
      'samples of them: `samples(values, { inputSize }, labels)`.',
  },
};
