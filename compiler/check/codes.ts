/**
 * Every diagnostic of the checker, explained in more detail than a message can: RFF2xx names, RFF3xx structure and
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
      'An expression sees `pi`, `e`, the params of its model, and the variables of its location: `z` in ' +
      '`activation`, `h` in `normalize` and `goodness`, `goodness` in `positive` and `negative`, `pos` and ' +
      '`neg` in `pair`, `x` and `y` in the `loss` of `decode`, `t` in `mix` and `frame`, `n` in layers and ' +
      'objectives, `fan_in` and `fan_out` in `init`, `bias` and `rate`. The body of a `fn` sees its ' +
      'parameters only.',
  },
  RFF202: {
    title: 'unknown function',
    explanation: 'A call in an expression names a built-in function or one that the file defines with `fn`.',
  },
  RFF203: {
    title: 'unknown node',
    explanation:
      'A `connect`, a `score … over`, a `decode` or a list of layers refers to a node that the model does not declare.',
  },
  RFF204: {
    title: 'unknown connection type',
    explanation: '`as TYPE` and `extends TYPE` name a `connection` declared in the file or the model.',
  },
  RFF205: {
    title: 'unknown objective',
    explanation: "A layer's `objective` names an `objective NAME { }` of the model.",
  },
  RFF206: { title: 'unknown phase', explanation: '`score PHASE[…]` names a phase of its own schedule.' },
  RFF207: { title: 'unknown param', explanation: '`--set name=value` sets a `param` declared by the model.' },
  RFF208: {
    title: 'declared twice',
    explanation:
      'Names are unique: a node, param, function, connection type, objective or phase is declared once, and ' +
      'listed once.',
  },
  RFF209: {
    title: 'reserved name',
    explanation: 'Built-in functions, constants, the variables of expressions and `all` cannot be redefined.',
  },
  RFF210: {
    title: 'unused declaration',
    explanation: 'A warning: nothing uses this declaration, often because a name was misspelled elsewhere.',
  },
  RFF211: { title: 'unknown model', explanation: 'The file has no model with the name given by `--model`.' },
  RFF301: { title: 'no model', explanation: 'A file declares at least one `model NAME { }`.' },
  RFF302: {
    title: 'several models',
    explanation: 'The file declares several models. Choose one with `--model NAME`.',
  },
  RFF303: {
    title: 'missing declaration',
    explanation:
      'A model requires an input, at least one layer, connections, an objective, a schedule with a phase, and `train`.',
  },
  RFF304: {
    title: 'duplicate declaration',
    explanation:
      'A model has one input, one label, one schedule with at most one score, at most one `decode`, one ' +
      '`train`, one `evaluate`, and at most one objective without a name.',
  },
  RFF305: {
    title: 'connection into an input or a label',
    explanation: 'Inputs and labels only provide values; only layers receive them.',
  },
  RFF306: {
    title: 'zero-delay cycle',
    explanation:
      "A connection with `delay: 0` reads its source's value of the same step, so the source has to be " +
      'computed first; in a cycle of such connections no layer can be first. Give one of them `delay: 1`.',
  },
  RFF307: {
    title: 'unreachable layer',
    explanation:
      'No connection leads from the input or the label to this layer, so it stays at zero and learns nothing.',
  },
  RFF308: {
    title: 'connected twice',
    explanation:
      'A connection is named TARGET.SOURCE.TYPE, and so are its parameters: the same two nodes can be ' +
      'connected more than once only by different types.',
  },
  RFF309: {
    title: 'cyclic extends',
    explanation: 'A connection type cannot extend itself, directly or through other types.',
  },
  RFF311: {
    title: 'size does not match the data',
    explanation:
      "The input's size is the number of values per frame of the data set, the label's size its number of classes.",
  },
  RFF312: {
    title: 'patches do not fit',
    explanation:
      'In `patch([rows, columns], size, stride, maps)`, the size of the source, the input or a layer, is a ' +
      'multiple of rows × columns, and the target has maps × (⌊(rows - size) / stride⌋ + 1) × (⌊(columns - ' +
      'size) / stride⌋ + 1) units.',
  },
  RFF313: {
    title: 'embedded label does not fit',
    explanation:
      '`embed: LABEL(at: k)` overwrites as many columns of the input as there are classes, starting at column k.',
  },
  RFF314: {
    title: 'missing label',
    explanation:
      'A phase shows a label, or negative labels are drawn, but the model declares no label. Positive and ' +
      'negative rows share the same data; they differ in their label.',
  },
  RFF315: {
    title: 'score out of range',
    explanation:
      '`score PHASE[from..to]` counts steps from 0 and includes both ends: `from` is at most `to`, and `to` ' +
      "is below the phase's number of steps.",
  },
  RFF316: {
    title: 'nothing learns',
    explanation:
      'Every phase has `learn: off`, or every connection has `learn: off` or `lr_scale: 0`, or no loss has ' +
      'a derivative that reaches one: training would change nothing. Fixed layers are allowed where a ' +
      'decoder, a readout or a latent classifier learns from them; fix them in their connections then, not ' +
      'in the phases.',
  },
  RFF317: {
    title: 'the given label is never shown',
    explanation:
      'Positive and negative rows differ only in the label, so with no phase that shows it (`label: given`) ' +
      'there is nothing to tell apart.',
  },
  RFF318: {
    title: 'unconnected input or label',
    explanation:
      'A warning: the input influences no layer; or no layer receives the label of a model that learns ' +
      'without it, so that nothing predicts the label.',
  },
  RFF319: {
    title: 'incomplete objective',
    explanation: 'An objective has either the losses `positive` and `negative`, or `pair`.',
  },
  RFF320: {
    title: 'layer without an objective',
    explanation:
      'Every layer needs an objective: it names one, or the model declares one without a name, which is the ' +
      'default for all layers.',
  },
  RFF321: {
    title: 'grid does not fit the input',
    explanation:
      '`negatives: hybrid_images(grid: [rows, columns])` masks the input as an image, so rows × columns is ' +
      "the input's size. Without `grid`, the input has to be square.",
  },
  RFF322: {
    title: 'fast weights between nodes that are not layers',
    explanation:
      'Fast weights are computed from the activities of two layers, step by step. Inputs and labels are ' +
      'given, not computed: connect them with learned weights.',
  },
  RFF323: {
    title: 'decoder never learns',
    explanation:
      'A decoder learns during steps with `learn: on` that show a frame of the input. Without such a step ' +
      'its parameters would keep their initial values.',
  },
  RFF324: {
    title: 'readout without classes',
    explanation:
      '`readout: softmax(…)` classifies by `label NAME[classes]`, which the model does not declare. With ' +
      '`negatives: hybrid_images()` the label needs no connections.',
  },
  RFF330: {
    title: 'not a model document',
    explanation: 'The JSON does not match `grammar/schema/model.schema.json`.',
  },
  RFF331: {
    title: 'inconsistent connection name',
    explanation:
      "In a model document a connection's name is TARGET.SOURCE.TYPE of its own target, source and type.",
  },
  RFF332: {
    title: 'unsupported model document version',
    explanation: 'The document was written for another version of the format. Compile its .rff file again.',
  },
  RFF333: {
    title: 'the score never sees the candidate label',
    explanation:
      'Prediction tries every label and compares the goodness of the scored steps and layers. Phases with ' +
      '`label: given` show the candidate label, which moves through the network one connection with `delay: ' +
      '1` per step. A score that ends before it arrives has the same goodness for every label. A warning ' +
      'where a readout or a classifier predicts instead.',
  },
  RFF334: {
    title: 'layer that the label never reaches',
    explanation:
      'A warning: positive and negative rows differ in the label alone, so in a layer that it does not ' +
      'reach in any learning step both kinds of rows are identical, and each loss undoes what the other ' +
      'teaches. Connect the label to it, or feed back from a layer that sees the label.',
  },
  RFF335: {
    title: 'no learning step sees the label',
    explanation:
      'Positive and negative rows differ in the label alone. It is shown, but it does not reach a layer ' +
      'that learns in any learning step.',
  },
  RFF336: {
    title: 'both losses pull the same way',
    explanation:
      'Forward-forward learning gives positive rows a low and negative rows a high goodness (`predict: ' +
      'min`), or the reverse (`predict: max`). Here both losses rise with goodness, or both fall, so ' +
      'nothing separates the two kinds of rows. The loss that disagrees with `predict` is the wrong one.',
  },
  RFF337: {
    title: 'scored layers disagree on `predict`',
    explanation:
      'The goodness of all scored layers is averaged before the label is chosen, so their objectives must ' +
      'have the same `predict`.',
  },
  RFF338: {
    title: 'unconnected label',
    explanation:
      'Positive and negative rows differ in the label alone, so it must reach the network: by a connection, ' +
      'or written over the input (`embed`). `negatives: hybrid_images()` creates negative data instead of ' +
      'negative labels and needs no label.',
  },
  RFF339: {
    title: 'scored layer that does not see the label',
    explanation:
      'A warning: the candidate label reaches only some of the scored layers in the scored steps. The ' +
      'others contribute the same goodness for every label, which only makes differences smaller.',
  },
  RFF402: {
    title: 'scalar where a vector is expected, or the reverse',
    explanation:
      'A goodness is a scalar per sample: reduce the units with `mean`, `sum` or `amax`. An activation or a ' +
      'normalization is a value per unit.',
  },
  RFF403: {
    title: 'misplaced reduction',
    explanation:
      '`mean`, `sum` and `amax` reduce over the units of a layer. A loss in goodness, a size or a rate has ' +
      'no units to reduce.',
  },
  RFF404: {
    title: 'recursive definition',
    explanation:
      'Functions are expanded and params evaluated before training, so neither can refer to itself, ' +
      'directly or indirectly.',
  },
  RFF406: {
    title: 'not an expression',
    explanation: 'Strings, lists and switches cannot be used in arithmetic.',
  },
  RFF407: {
    title: 'not a finite number',
    explanation:
      'A constant part of an expression divides by zero, is undefined (such as sqrt(-1)), or overflows.',
  },
  RFF408: {
    title: 'derivative without a parameter',
    explanation:
      "A function's `derivative` is taken with respect to its first parameter, so the function needs one.",
  },
  RFF409: {
    title: 'nothing to reduce',
    explanation:
      '`mean`, `sum` and `amax` reduce a value per unit. A scalar per sample, or a constant, cannot be reduced again.',
  },
  RFF410: {
    title: 'expression too large',
    explanation:
      'After expanding its functions, the expression has more than 10,000 parts or is nested more than 400 deep.',
  },
  RFF411: {
    title: 'constant expression',
    explanation:
      'The expression does not depend on its variable, so it is the same whatever the network does.',
  },
  RFF412: {
    title: 'zero derivative everywhere',
    explanation:
      'A warning: the expression depends on its variable only through `step`, `sign`, `floor` or ' +
      'comparisons, so no gradient flows. Define a surrogate with `fn … derivative …`.',
  },
  RFF413: {
    title: 'prediction contradicts the objective',
    explanation:
      'A loss that rises with goodness teaches its rows a low goodness. If positive rows learn a low ' +
      'goodness and negative rows a high one, the true label has the lowest goodness (`predict: min`); in ' +
      "the reverse case it has the highest (`predict: max`). The default is `min`; Hinton's losses need " +
      '`predict: max`.',
  },
  RFF501: {
    title: 'unknown property',
    explanation:
      'The block has no property with this name. docs/LANGUAGE.md lists the properties of every block under ' +
      '“Properties”.',
  },
  RFF502: { title: 'duplicate property', explanation: 'A property is given at most once per block.' },
  RFF503: {
    title: 'wrong type of value',
    explanation:
      'Numbers, switches (`on`, `off`), words, strings, lists and calls are different types, and each ' +
      'property and argument takes one of them.',
  },
  RFF504: {
    title: 'out of range',
    explanation: 'The number is outside the range of the property or argument.',
  },
  RFF505: {
    title: 'unknown call',
    explanation:
      'No initialization, optimizer, decay, augmentation, data set, field or source of negatives has this ' +
      'name. docs/LANGUAGE.md lists them under “Calls”.',
  },
  RFF506: {
    title: 'unknown argument',
    explanation:
      "The call has no argument with this name. docs/LANGUAGE.md lists every call's arguments under “Calls”.",
  },
  RFF507: { title: 'too many arguments', explanation: 'The call has more arguments than it takes.' },
  RFF508: { title: 'missing argument', explanation: 'A required argument is not given.' },
  RFF509: {
    title: 'duplicate argument',
    explanation: 'An argument is given either by position or by name, and only once.',
  },
  RFF510: {
    title: 'missing property',
    explanation:
      'A required property is not given. docs/LANGUAGE.md marks the required properties of every block.',
  },
  RFF511: {
    title: 'not an integer',
    explanation: 'Sizes, steps, epochs, batches, seeds and indices are integers.',
  },
  RFF512: { title: 'unknown word', explanation: 'The property or argument takes one of a few words.' },
  RFF513: {
    title: 'contradictory arguments',
    explanation: 'Each argument is valid on its own, but not together with another one.',
  },
  RFF514: {
    title: 'property does not apply',
    explanation:
      'Fast weights have no parameters, so properties of parameters do not apply: a connection has either ' +
      '`fast` and `rate`, or `init`, `bias`, `learn`, `lr_scale`, `field` and `dropout`.',
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type CheckCode = keyof typeof checkCodes;
