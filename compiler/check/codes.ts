/**
 * Every diagnostic of the checker, explained at more length than a message can: RFF2xx names, RFF3xx structure and
 * sizes, RFF4xx expressions, RFF5xx properties and arguments.
 */

export interface CodeInfo {
  readonly title: string;
  readonly explanation: string;
}

export const checkCodes = {
  RFF201: {
    title: 'unknown name in an expression',
    explanation:
      'An expression sees `pi`, `e`, the params of its model, and what its place gives it: `z` in `activation`, `h` in `normalize` and `goodness`, `goodness` in `positive` and `negative`, `pos` and `neg` in `pair`, `x` and `y` in the `loss` of `decode`, `t` in `mix` and `frame`, `n` in layers and objectives, `fan_in` and `fan_out` in `init`, `bias` and `rate`. The body of a `fn` sees its parameters only.',
  },
  RFF202: {
    title: 'unknown function',
    explanation: 'A call in an expression names a built-in function or one that the file declares with `fn`.',
  },
  RFF203: {
    title: 'unknown node',
    explanation:
      'A `connect`, a `score … over` or a list of layers names something that the model does not declare.',
  },
  RFF204: {
    title: 'unknown connection type',
    explanation: '`as TYPE` and `extends TYPE` name a `connection` declared in the file or the model.',
  },
  RFF205: {
    title: 'unknown objective',
    explanation: "A layer's `objective` names an `objective NAME { }` of the model.",
  },
  RFF206: { title: 'unknown phase', explanation: '`score PHASE[…]` names a phase of the same schedule.' },
  RFF207: {
    title: 'unknown param',
    explanation: '`--set name=value` sets a `param` that the model declares.',
  },
  RFF208: {
    title: 'declared twice',
    explanation:
      'A name stands for one thing: nodes, params, functions, connection types, objectives and phases each have names of their own, and none can be declared or listed twice.',
  },
  RFF209: {
    title: 'name already has a meaning',
    explanation:
      'Built-in functions, constants, the variables of expressions and `all` cannot be declared anew.',
  },
  RFF210: {
    title: 'declared but not used',
    explanation: 'A warning: something is declared that nothing uses, often because another name was meant.',
  },
  RFF211: { title: 'unknown model', explanation: 'The model asked for is not in the file.' },
  RFF301: { title: 'no model', explanation: 'A file declares at least one `model NAME { }`.' },
  RFF302: {
    title: 'several models',
    explanation: 'A file may hold several models, but one of them must be chosen to be run.',
  },
  RFF303: {
    title: 'missing declaration',
    explanation:
      'A model needs an input, at least one layer, connections, an objective, a schedule with a phase, and `train`.',
  },
  RFF304: {
    title: 'more than one',
    explanation:
      'A model has one input, one label, one schedule with at most one score, at most one `decode`, one `train`, one `evaluate`, and at most one objective without a name.',
  },
  RFF305: {
    title: 'connection into an input or a label',
    explanation: 'The input and the label give values; only layers receive them.',
  },
  RFF306: {
    title: 'circle without delay',
    explanation:
      "Connections with `delay: 0` read this step's values, so their layers must be computed one after the other; in a circle none can be first.",
  },
  RFF307: {
    title: 'layer that nothing reaches',
    explanation:
      'Neither the input nor the label can influence the layer through connections, so it stays at zero and learns nothing.',
  },
  RFF308: {
    title: 'connected twice',
    explanation:
      'A connection is named TARGET.SOURCE.TYPE, and so are its parameters: two nodes can be joined by several connections only if their types differ.',
  },
  RFF309: {
    title: 'circle of extends',
    explanation: 'A connection type extends another one, never itself, by whatever way.',
  },
  RFF311: {
    title: 'size differs from the data',
    explanation:
      "The input's size is the number of values in a frame of the data set, the label's the number of its classes.",
  },
  RFF312: {
    title: 'patches do not fit',
    explanation:
      'In `patch([rows, columns], size, stride, maps)` the source, the input or a layer, has the same number of units for each of rows × columns places, and the target has maps × (⌊(rows - size) / stride⌋ + 1) × (⌊(columns - size) / stride⌋ + 1).',
  },
  RFF313: {
    title: 'embedded label does not fit',
    explanation:
      '`embed: LABEL(at: k)` writes as many columns as the label has classes, from column k of the input.',
  },
  RFF314: {
    title: 'no label',
    explanation:
      'A phase shows a label, or negative labels are drawn, but the model declares none. Positive and negative rows have the same data; they differ in their label.',
  },
  RFF315: {
    title: 'score outside of its phase',
    explanation:
      '`score PHASE[from..to]` is inclusive and counts steps from 0; the first is not after the last, and the last is below the number of steps.',
  },
  RFF316: {
    title: 'nothing learns',
    explanation:
      'Every phase has `learn: off`, or every connection has `learn: off` or `lr_scale: 0`, or no loss has a derivative that reaches one: training would change nothing. Fixed layers are allowed where a decoder, a readout or a latent classifier learns from them; fix them in their connections then, not in the phases.',
  },
  RFF317: {
    title: 'the given label is never shown',
    explanation:
      'Positive and negative rows differ in the label alone, so with no phase that shows it (`label: given`) there is nothing to tell apart.',
  },
  RFF318: {
    title: 'connected to nothing',
    explanation:
      'A warning: the input influences no layer; or the label of a model that learns without it does, so that nothing predicts the label.',
  },
  RFF319: {
    title: 'form of an objective',
    explanation:
      'An objective says what rows lose by their goodness: `positive` and `negative`, or instead of both `pair`.',
  },
  RFF320: {
    title: 'layer without an objective',
    explanation:
      'Every layer learns. It names an objective, or the model has one without a name for all layers.',
  },
  RFF321: {
    title: 'a grid that does not fit the input',
    explanation:
      '`negatives: hybrid_images(grid: [rows, columns])` lays a mask over the input, so rows × columns is its size. Without a grid the input must be a square.',
  },
  RFF322: {
    title: 'fast weights between others than layers',
    explanation:
      'Fast weights are made of the activities of two layers, step by step. An input or a label is given, not computed, so it cannot be their source; a connection with learned weights takes it in.',
  },
  RFF323: {
    title: 'a decoder that never learns',
    explanation:
      'A decoder learns in the steps of phases with `learn: on` that show a frame of the input. Where there is none, its parameters would stay as they were drawn.',
  },
  RFF324: {
    title: 'a readout without classes',
    explanation:
      '`readout: softmax(…)` learns to tell the classes of `label NAME[classes]` apart. With `negatives: hybrid_images()` that label need not be connected to anything.',
  },
  RFF330: {
    title: 'not a model document',
    explanation: 'The JSON does not have the shape that `grammar/schema/model.schema.json` describes.',
  },
  RFF331: {
    title: "connection's name",
    explanation: "In a model document a connection's name is made of its target, source and type.",
  },
  RFF332: {
    title: 'version of a model document',
    explanation: 'The document was written for another version of the format.',
  },
  RFF333: {
    title: 'the score never sees the label',
    explanation:
      'Prediction tries every label and compares the goodness of the scored steps and layers. The label that is tried is what phases with `label: given` show, and it moves through the network one connection with `delay: 1` a step. A score that ends before it arrives has the same goodness for every label. A warning where a readout or a classifier predicts instead.',
  },
  RFF334: {
    title: 'a layer that the label never reaches',
    explanation:
      'A warning: positive and negative rows differ in the label alone, so a layer that it does not reach in any step that learns has equal rows of both, and what one loss teaches it the other undoes. Connect the label to it, or feed back from a layer that sees the label.',
  },
  RFF335: {
    title: 'no step that learns sees the label',
    explanation:
      'Positive and negative rows differ in the label alone. It is shown, but in none of the steps that learn has it reached a layer that learns.',
  },
  RFF336: {
    title: 'both losses pull the same way',
    explanation:
      'Forward-forward learning gives positive rows a low and negative rows a high goodness (`predict: min`), or the other way round (`predict: max`). Here both losses rise with goodness, or both fall, so nothing parts the two kinds of rows. Of the two losses the one that does not agree with `predict` is wrong.',
  },
  RFF337: {
    title: 'scored layers predict in opposite ways',
    explanation:
      'The goodness of all scored layers is averaged before the label is chosen, so their objectives must have the same `predict`.',
  },
  RFF338: {
    title: 'a label that is connected to nothing',
    explanation:
      'Positive and negative rows differ in the label alone, so it must reach the network: by a connection, or written over the input (`embed`). `negatives: hybrid_images()` makes wrong data instead of wrong labels and needs no label.',
  },
  RFF339: {
    title: 'a scored layer that does not see the label',
    explanation:
      'A warning: the label that is tried reaches some of the scored layers in the scored steps and not others. Those add the same goodness to every label, which only makes the differences smaller.',
  },
  RFF402: {
    title: 'row and element values',
    explanation:
      'A goodness is one number a row: reduce the units with `mean`, `sum` or `amax`. An activation or a normalization is a number for each unit.',
  },
  RFF403: {
    title: 'reduction out of place',
    explanation:
      '`mean`, `sum` and `amax` reduce the units of a row; where there are numbers only (a loss on goodness, a size, a rate) there is nothing to reduce.',
  },
  RFF404: {
    title: 'defined by itself',
    explanation:
      'Functions are expanded and params computed before anything runs, so neither can refer to itself, by whatever way.',
  },
  RFF406: {
    title: 'not an expression',
    explanation: 'Text, lists and switches are no values that can be computed with.',
  },
  RFF407: {
    title: 'not a finite number',
    explanation:
      'A constant part of an expression divides by zero, has no value (as sqrt(-1)), or is too large.',
  },
  RFF408: {
    title: 'derivative of nothing',
    explanation: "A function's `derivative` is taken by its first parameter, so it needs one.",
  },
  RFF409: {
    title: 'reduced twice',
    explanation:
      '`mean`, `sum` and `amax` take a number for each unit. What is one number a row already, or a constant, cannot be reduced again.',
  },
  RFF410: {
    title: 'too large',
    explanation:
      'The expression, with its functions written out, has more than 10,000 parts or is nested more than 400 deep.',
  },
  RFF411: {
    title: 'depends on nothing',
    explanation:
      'The expression does not mention the variable it is for, so it is the same whatever the network does.',
  },
  RFF412: {
    title: 'derivative zero everywhere',
    explanation:
      'A warning: the expression depends on its variable only through `step`, `sign`, `floor` or comparisons, so no gradient passes. `fn … derivative …` gives a surrogate.',
  },
  RFF413: {
    title: 'predicts against its objective',
    explanation:
      "A loss that rises with goodness teaches its rows a low one. Where positive rows learn a low goodness and negative rows a high one, the true label has the least goodness (`predict: min`); where it is the other way round, the greatest (`predict: max`). The default is `min`; Hinton's losses need `predict: max`.",
  },
  RFF501: { title: 'unknown property', explanation: 'The block has no property of that name.' },
  RFF502: { title: 'property given twice', explanation: 'A property stands once in a block.' },
  RFF503: {
    title: 'wrong kind of value',
    explanation:
      'Numbers, switches (`on`, `off`), words, text, lists and calls are different things, and each property and argument takes one kind.',
  },
  RFF504: {
    title: 'out of range',
    explanation: 'The number is not one that the property or argument can have.',
  },
  RFF505: {
    title: 'unknown call',
    explanation:
      'There is no initialization, optimizer, decay, data set, field or source of negatives of that name.',
  },
  RFF506: { title: 'unknown argument', explanation: 'The call has no argument of that name.' },
  RFF507: { title: 'too many arguments', explanation: 'More arguments are given than the call takes.' },
  RFF508: { title: 'missing argument', explanation: 'An argument without a default is not given.' },
  RFF509: {
    title: 'argument given twice',
    explanation: 'Arguments are positional first, then named; none can be given both ways.',
  },
  RFF510: { title: 'missing property', explanation: 'A property without a default is not given.' },
  RFF511: {
    title: 'not a whole number',
    explanation: 'Sizes, steps, epochs, batches, seeds and indices are whole numbers.',
  },
  RFF512: { title: 'unknown word', explanation: 'The property or argument takes one of a few words.' },
  RFF513: {
    title: 'arguments that contradict each other',
    explanation: 'Each argument is right alone, but not beside another one.',
  },
  RFF514: {
    title: 'property without a meaning here',
    explanation:
      'Fast weights have no parameters, so nothing can be said of how parameters start, learn or are left out: a connection has `fast` and `rate`, or `init`, `bias`, `learn`, `lr_scale`, `field` and `dropout`.',
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type CheckCode = keyof typeof checkCodes;
