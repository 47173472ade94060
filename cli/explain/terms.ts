/**
 * The glossary: words of the field and of this language, what they are called here, and what to write, or that there is
 * no such thing. `rffc explain WORD` prints an entry, docs/LANGUAGE.md all of them.
 */
import type { Parts } from './example.js';

export interface Term {
  readonly name: string;
  /** Other words for it, in small letters. */
  readonly also: readonly string[];
  readonly about: string;
  /** Parts of a model that show it. */
  readonly model?: Parts;
  /** Or a command, without the program's name. */
  readonly command?: string;
  /** The page and its heading that say more. */
  readonly see: readonly [page: 'docs/LANGUAGE.md' | 'README.md', heading: string];
}

const language = (heading: string) => ['docs/LANGUAGE.md', heading] as const;
const readme = (heading: string) => ['README.md', heading] as const;
const learned = 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward';

export const terms: readonly Term[] = [
  // The language's own.
  {
    name: 'goodness',
    also: ['energy', 'activity'],
    about:
      'A scalar per sample and layer, computed from the activity h, for example mean(h^2). Each layer ' +
      'learns to separate the goodness of positive and negative rows; prediction compares the goodness of ' +
      'the candidate labels.',
    model: { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg) }' },
    see: language('Meaning'),
  },
  {
    name: 'theta',
    also: ['threshold', 'θ'],
    about:
      'The threshold that goodness is compared with. It is not built in: a model declares it as a param and ' +
      'uses it in its losses. `--set theta=1.25` overrides it.',
    model: {
      params: 'param theta = 1.5',
      objective: `objective {
  goodness: mean(h^2)
  positive: softplus(goodness - theta)
  negative: softplus(theta - goodness)
}`,
    },
    see: language('Expressions'),
  },
  {
    name: 'gap',
    also: ['separation', 'goodness gap'],
    about:
      'The difference between the mean goodness of a layer’s negative and positive rows during training, ' +
      'counted in the direction that the prediction expects and shown per epoch. It grows while the layer ' +
      'learns; at 0 the layer does not tell them apart.',
    command: 'run model.rff',
    see: language('Training, step by step'),
  },
  {
    name: 'margin',
    also: ['margins', 'confidence'],
    about:
      'Per sample, by how much the goodness of the true label beats the best other label. Above 0 the ' +
      'prediction is right, near 0 it was close. `rffc eval` prints the mean, the median and two ' +
      'percentiles.',
    command: 'eval RUN',
    see: language('Prediction'),
  },
  {
    name: 'positive and negative',
    also: ['positive', 'negative', 'positives', 'negatives', 'pos', 'neg', 'contrastive', 'negative sample'],
    about:
      'A positive row is a sample with its true label, a negative row the same sample with a wrong label, ' +
      'or with `hybrid_images` wrong data. A layer has one loss for each, or one for the `pair`.',
    model: { negatives: 'negatives: random_label()' },
    see: language('Meaning'),
  },
  {
    name: 'row',
    also: ['rows', 'sample'],
    about:
      'One sample as the network computes it, with one label. Training has two rows per sample, positive ' +
      'and negative; prediction has one per candidate label. A scalar per row is one number, whatever the ' +
      'size of the layer.',
    see: language('Meaning'),
  },
  {
    name: 'candidate label',
    also: ['candidate', 'label trial', 'tried label'],
    about:
      'A label that prediction tries. The schedule is played once per candidate label, and the label of ' +
      'least or greatest goodness is predicted (`predict: min` or `max`).',
    model: { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg), predict: min }' },
    see: language('Prediction'),
  },
  {
    name: 'phase',
    also: ['phases', 'schedule', 'timeline'],
    about:
      'A stretch of steps with one setting: which label and input are shown, whether the layers learn and ' +
      'are damped. A schedule is a sequence of phases.',
    model: {
      schedule: `schedule {
  phase settle[3] { label: uniform, learn: off, damping: off }
  phase learn[6]  { label: given }
  score learn[3..5]
}`,
    },
    see: language('Labels and frames'),
  },
  {
    name: 'step',
    also: ['steps', 'timestep', 'time step', 'iteration', 'unroll', 'bptt'],
    about:
      'One update of every layer within a schedule. Layers learn at every step of a phase with `learn: on`, ' +
      'from that step alone: nothing is backpropagated through time.',
    model: { schedule: 'schedule { phase learn[6] { label: given } }' },
    see: language('Meaning'),
  },
  {
    name: 'settle',
    also: ['settling', 'warm-up phase', 'burn-in'],
    about:
      'The usual name of a first phase that runs the network on the input with a neutral label and without ' +
      'learning, so that activities are not zero when the label is shown. Any phase may have any name.',
    model: {
      schedule:
        'schedule {\n  phase settle[3] { label: uniform, learn: off, damping: off }\n' +
        '  phase learn[6]  { label: given }\n}',
    },
    see: language('Labels and frames'),
  },
  {
    name: 'score',
    also: ['scored steps', 'readout steps'],
    about: 'The steps, and the layers, whose goodness decides the prediction.',
    model: { schedule: 'schedule { phase learn[6] { label: given }, score learn[3..5] over h2 }' },
    see: language('Prediction'),
  },
  {
    name: 'frame',
    also: ['frames', 'sequence', 'time series', 'video', 'rnn', 'lstm', 'recurrent'],
    about:
      'The values of an input at one time: a still image is one frame, a sequence has several. `input: ' +
      'frame(t)` of a phase chooses which frame each step sees.',
    model: { schedule: 'schedule { phase learn[6] { label: given, input: frame(t) } }' },
    see: language('Labels and frames'),
  },
  {
    name: 'damping',
    also: ['leak', 'leaky integrator', 'inertia', 'alpha'],
    about:
      'The share of the new activity in each step: h(t) = (1 - d) h(t-1) + d a. 1 keeps nothing of the old one.',
    model: { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
    see: language('Meaning'),
  },
  {
    name: 'lateral',
    also: ['recurrent connection', 'self connection', 'within-layer'],
    about:
      'A connection from a layer to itself, by convention of a type called `lateral`. It reads the activity ' +
      'of the step before.',
    model: {
      connections: 'connection forward { }\nconnection lateral { init: orthogonal() }',
      connect: `${learned}\nconnect h1 -> h1, h2 -> h2 as lateral`,
    },
    see: language('Declarations'),
  },
  {
    name: 'feedback',
    also: ['backward', 'top-down', 'backward connection'],
    about:
      'A connection from a higher layer to a lower one, by convention of a type called `backward`. It ' +
      'carries activity, never gradients.',
    model: {
      connections: 'connection forward { }\nconnection backward { init: uniform(-0.05, 0.05), sign: -1 }',
      connect: `${learned}\nconnect h2 -> h1 as backward`,
    },
    see: language('Declarations'),
  },
  {
    name: 'embed',
    also: ['label embedding', 'one-hot', 'overlay'],
    about: 'Writes the label over some columns of the input, as in Hinton (2022), instead of connecting it.',
    model: {
      input: 'input image[784] { embed: digit(at: 0) }',
      connect: 'connect image -> h1 -> h2 as forward',
    },
    see: language('Labels and frames'),
  },
  {
    name: 'place',
    also: ['location', 'grid', 'patch location', 'maps', 'channels'],
    about:
      'A location of the grid that a `patch` field lays over its source. Each place has the same number of ' +
      'units, and each patch as many units in the target as `maps` says.',
    model: {
      connections:
        'connection forward { }\nconnection local { field: patch([28, 28], size: 7, stride: 7, maps: 2) }',
      layers: 'layer h1[32], h2[20]',
      connect: 'connect image -> h1 as local\nconnect h1 -> h2, digit -> h1, digit -> h2 as forward',
    },
    see: language('field'),
  },
  {
    name: 'forward-forward',
    also: ['ff', 'hinton', 'local learning'],
    about:
      'Learning without a backward pass (Hinton 2022): each layer learns by itself to tell positive from ' +
      'negative data by its goodness. Recurrent networks do so at every step.',
    see: language('Meaning'),
  },
  {
    name: 'inhibition',
    also: ['inhibitory', 'excitatory', 'sign', 'excitation'],
    about:
      'A connection type with `sign: -1` subtracts what it computes. Its weights may still have either sign.',
    model: {
      connections: 'connection forward { }\nconnection backward { sign: -1 }',
      connect: `${learned}\nconnect h2 -> h1 as backward`,
    },
    see: language('connection'),
  },
  {
    name: 'param',
    also: ['parameter', 'hyperparameter', 'constant', 'variable'],
    about:
      'A named number of a model, changed by `--set` and tried by `rffc sweep`. Trained weights are called parameters.',
    model: { params: 'param units = 20', layers: 'layer h1[units], h2[units / 2]' },
    see: language('Expressions'),
  },
  // Layers.
  {
    name: 'conv',
    also: ['convolution', 'convolutional', 'cnn', 'conv2d', 'kernel', 'receptive field', 'patch', 'stride'],
    about:
      'There are no convolutions: weights are never shared between locations. `field: patch(…)` gives each ' +
      'unit a local receptive field with weights of its own.',
    model: {
      connections:
        'connection forward { }\nconnection local { field: patch([28, 28], size: 7, stride: 7, maps: 2) }',
      layers: 'layer h1[32], h2[20]',
      connect: 'connect image -> h1 as local\nconnect h1 -> h2, digit -> h1, digit -> h2 as forward',
    },
    see: language('field'),
  },
  {
    name: 'pooling',
    also: ['pool', 'max pool', 'maxpool', 'avgpool'],
    about: 'There is no pooling. A `patch` field with a stride reduces the number of locations.',
    see: language('field'),
  },
  {
    name: 'attention',
    also: ['transformer', 'self-attention', 'fast weights', 'hebbian'],
    about:
      'There is no attention. `fast: decay(…)` gives a connection weights that each row builds from its own ' +
      'activity (Ba et al. 2016), which is close to linear attention over past steps.',
    model: {
      connections: 'connection forward { }\nconnection fast { fast: decay(0.9) }',
      connect: `${learned}\nconnect h2 -> h2 as fast`,
    },
    see: language('Meaning'),
  },
  {
    name: 'linear',
    also: ['dense', 'fully connected', 'fc', 'mlp', 'nn.linear', 'weights', 'bias'],
    about:
      'Every connection is a linear map with a weight and a bias, from all units of its source to all units ' +
      'of its target. A layer sums its connections and applies its activation.',
    model: { connect: learned },
    see: language('Declarations'),
  },
  {
    name: 'residual',
    also: ['skip', 'skip connection', 'resnet', 'shortcut'],
    about: 'Connect a layer to one further on, beside the connections between them.',
    model: { connect: `${learned}\nconnect image -> h2 as forward` },
    see: language('Declarations'),
  },
  {
    name: 'activation',
    also: ['relu', 'gelu', 'tanh', 'sigmoid', 'nonlinearity', 'swish', 'silu'],
    about: 'A layer’s nonlinearity, an expression in z, the sum over its connections.',
    model: { layers: 'layer h1[20], h2[20] { activation: relu(z) }' },
    see: language('Expressions'),
  },
  {
    name: 'normalization',
    also: ['normalize', 'layernorm', 'layer norm', 'rmsnorm', 'rms norm'],
    about:
      'What other layers receive of a layer’s activity, an expression in h. Without it a layer could pass ' +
      'on its goodness, and the next would have nothing to learn.',
    model: { layers: 'layer h1[20], h2[20] { normalize: layer_norm(h) }' },
    see: language('Expressions'),
  },
  {
    name: 'batchnorm',
    also: ['batch norm', 'batch normalization', 'bn'],
    about:
      'There is no batch normalization: samples of a batch do not influence each other’s activities. Use ' +
      '`rms_norm` or `layer_norm`, which normalize each row by itself, or `peer_norm`, which balances units ' +
      'over a batch.',
    model: { layers: 'layer h1[20], h2[20] { normalize: layer_norm(h), peer_norm: 0.03 }' },
    see: language('Meaning'),
  },
  {
    name: 'dropout',
    also: ['drop', 'regularization'],
    about:
      'A property of connections, not of layers: the probability with which each contribution is dropped ' +
      'during training, drawn anew at each step.',
    model: { connections: 'connection forward { dropout: 0.1 }' },
    see: language('Meaning'),
  },
  {
    name: 'softmax',
    also: ['classifier', 'logits', 'readout', 'linear probe', 'head'],
    about:
      'There is no softmax output: the predicted label is that of least or greatest goodness. `readout: ' +
      'softmax()` trains a linear classifier on the activities after the network, and `negatives: ' +
      'latent_classifier()` one beside it.',
    model: { negatives: 'readout: softmax()' },
    see: language('Training, step by step'),
  },
  {
    name: 'cross-entropy',
    also: ['cross entropy', 'loss', 'bce', 'nll', 'mse', 'softplus', 'logistic loss'],
    about:
      'Every layer has losses of its own in its goodness. softplus(theta - goodness) is the logistic loss ' +
      'of “goodness is above theta”, as in Hinton (2022).',
    model: { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg) }' },
    see: language('Meaning'),
  },
  {
    name: 'backpropagation',
    also: ['backprop', 'backward pass', 'autograd', 'gradient', 'gradients'],
    about:
      'There is no backward pass: each layer differentiates its own loss with respect to its own step. The ' +
      'derivatives are found when the model is compiled.',
    see: language('Meaning'),
  },
  {
    name: 'surrogate gradient',
    also: ['spiking', 'straight-through', 'ste', 'snn', 'custom gradient'],
    about: 'A function may be given another derivative than its own.',
    model: {
      functions: 'fn spike(z) = step(z) derivative 1 / (1 + abs(z))^2',
      layers: 'layer h1[20], h2[20] { activation: spike(z) }',
    },
    see: language('Expressions'),
  },
  {
    name: 'clip',
    also: ['clamp', 'hardtanh', 'clipping'],
    about: 'Values are limited by min and max.',
    model: { layers: 'layer h1[20], h2[20] { activation: min(max(z, 0), 6) }' },
    see: language('Expressions'),
  },
  {
    name: 'gradient clipping',
    also: ['clip_grad_norm', 'grad clip', 'clipnorm', 'exploding gradient'],
    about:
      'There is no gradient clipping. Gradients do not pass through layers or steps, so they explode less ' +
      'often; lower the learning rate, or use rmsprop or adam, whose updates do not grow with the gradient.',
    command: 'run model.rff --lr 1e-4',
    see: language('Optimizers'),
  },
  {
    name: 'decoder',
    also: ['autoencoder', 'reconstruction', 'generate', 'generative'],
    about:
      'A linear map from layers back to the input, trained beside the network. `rffc generate RUN` makes ' +
      'images with it.',
    model: { decode: 'decode image from h1, h2' },
    see: language('Decoder'),
  },
  // Training.
  {
    name: 'learning rate',
    also: ['lr', 'learning_rate', 'step size', 'eta'],
    about: 'An argument of the optimizer. `--lr` overrides it, `lr_scale` of a connection multiplies it.',
    model: { train: 'train { data: digits(), optimizer: adam(lr: 1e-3) }' },
    see: language('Optimizers'),
  },
  {
    name: 'optimizer',
    also: ['adam', 'sgd', 'rmsprop', 'adamw', 'adadelta'],
    about: 'How parameters move, by PyTorch’s formulas. A layer may have one of its own.',
    model: { train: 'train { data: digits(), optimizer: rmsprop(lr: 1e-3) }' },
    see: language('Optimizers'),
  },
  {
    name: 'scheduler',
    also: ['lr scheduler', 'learning rate schedule', 'annealing', 'cosine', 'step lr', 'warmup', 'decay'],
    about:
      'The learning rate over epochs is `decay` of `train`: step, linear or cosine. A `schedule` is ' +
      'something else here: the timeline of steps. There is no warm-up.',
    model: { train: 'train { data: digits(), epochs: 10, decay: cosine(10) }' },
    see: language('decay'),
  },
  {
    name: 'weight decay',
    also: ['l2', 'weight cost', 'l2 regularization', 'weight_decay'],
    about: 'An argument of sgd, adam and adamw, on weights and biases alike. rmsprop and adadelta have none.',
    model: { train: 'train { data: digits(), optimizer: adamw(lr: 1e-3, weight_decay: 0.01) }' },
    see: language('Optimizers'),
  },
  {
    name: 'momentum',
    also: ['nesterov', 'beta1', 'velocity'],
    about: 'An argument of sgd and rmsprop; adam’s is beta1.',
    model: { train: 'train { data: digits(), optimizer: sgd(lr: 0.01, momentum: 0.9) }' },
    see: language('Optimizers'),
  },
  {
    name: 'epoch',
    also: ['epochs', 'batch', 'batch size', 'batch_size', 'minibatch'],
    about:
      'Epochs and the number of samples per batch are properties of `train`; `--epochs` and `--batch` override them.',
    model: { train: 'train { data: digits(), epochs: 10, batch: 100 }' },
    see: language('train'),
  },
  {
    name: 'early stopping',
    also: ['patience', 'early_stopping'],
    about:
      'There is none: a run trains for all its epochs. The weights of its best epoch are kept in ' +
      'best.safetensors, chosen by the validation samples if there are any, so stopping early gains only ' +
      'time.',
    model: { train: 'train { data: digits(), epochs: 10, validation: 0.1 }' },
    see: readme('Training'),
  },
  {
    name: 'checkpoint',
    also: ['save', 'checkpoints', 'best.safetensors', 'state_dict', 'safetensors'],
    about:
      'A run folder holds the best epoch’s weights (best.safetensors) and a checkpoint to resume from, both ' +
      'under PyTorch-like names. `--checkpoint-every N` also saves every N batches.',
    command: 'run model.rff --checkpoint-every 100',
    see: readme('Training'),
  },
  {
    name: 'resume',
    also: ['continue', 'restart', 'ctrl-c', 'interrupt'],
    about: 'Resumes a run from its last checkpoint, to the same bytes as a run that was never interrupted.',
    command: 'run --resume RUN',
    see: readme('Training'),
  },
  {
    name: 'fine-tuning',
    also: ['transfer learning', 'pretrained', 'init', 'initialize', 'finetune'],
    about: 'Starts from the weights of another run; `--init-missing ok` allows missing or unused ones.',
    command: 'run model.rff --init RUN/best.safetensors',
    see: readme('Training'),
  },
  {
    name: 'freeze',
    also: ['frozen', 'requires_grad', 'learn: off'],
    about: 'A connection with `learn: off` keeps its parameters; a phase with `learn: off` moves none.',
    model: {
      connections: 'connection forward { }\nconnection frozen extends forward { learn: off }',
      connect: `${learned}\nconnect h1 -> h1 as frozen`,
    },
    see: language('connection'),
  },
  {
    name: 'initialization',
    also: ['kaiming', 'xavier', 'he', 'glorot', 'orthogonal', 'init weights'],
    about: 'How weights and biases start, per type of connection.',
    model: { connections: 'connection forward { init: kaiming_uniform(gain: 1), bias: zeros() }' },
    see: language('initialization'),
  },
  {
    name: 'seed',
    also: ['random seed', 'reproducibility', 'deterministic', 'determinism'],
    about:
      'All random numbers follow from `seed` of `train`; `--seed` overrides it. The same file, seed, ' +
      'backend and number of threads give the same bytes.',
    model: { train: 'train { data: digits(), seed: 1234 }' },
    see: language('Random numbers'),
  },
  {
    name: 'hard negatives',
    also: ['hard negative mining', 'negative mining', 'hard negative'],
    about:
      'Negative labels that the network itself finds likely, drawn from a linear classifier on its activities.',
    model: { negatives: 'negatives: latent_classifier()' },
    see: language('Training, step by step'),
  },
  {
    name: 'label smoothing',
    also: ['soft labels', 'mixup', 'smoothing'],
    about:
      'There is no label smoothing: goodness is compared between labels, not with target probabilities. A ' +
      'phase may show a mixture of labels to the network.',
    model: { schedule: 'schedule { phase learn[6] { label: mix(given, uniform, 0.1) } }' },
    see: language('Labels and frames'),
  },
  {
    name: 'class weights',
    also: ['class imbalance', 'class_weight', 'sample weights', 'oversampling', 'weighted sampler'],
    about: 'There are none: every sample counts alike. Repeat the samples of rare classes in the data.',
    see: language('Training, step by step'),
  },
  {
    name: 'gradient accumulation',
    also: ['accumulate gradients', 'microbatch'],
    about: 'There is none: every batch moves the parameters, at every step that learns.',
    command: 'run model.rff --batch 50',
    see: language('Training, step by step'),
  },
  {
    name: 'weight averaging',
    also: ['ema', 'exponential moving average', 'swa', 'polyak'],
    about: 'There is none: the weights kept are those of the best epoch and of the last batch.',
    see: readme('Training'),
  },
  {
    name: 'regression',
    also: ['continuous target', 'multi-label', 'multilabel', 'multi-class'],
    about:
      'There is no regression, and a sample has one label: prediction chooses the class whose goodness fits ' +
      'best. Only a decoder has a continuous target, the input itself.',
    see: language('Prediction'),
  },
  {
    name: 'unsupervised',
    also: ['self-supervised', 'without labels', 'hybrid images'],
    about:
      'Negative data instead of negative labels: `hybrid_images()` mixes two images, and needs no labels. ' +
      '`readout: softmax()` then learns the classes.',
    model: { negatives: 'negatives: hybrid_images()\nreadout: softmax()' },
    see: language('Training, step by step'),
  },
  // Data.
  {
    name: 'data set',
    also: ['dataset', 'mnist', 'dataloader', 'data loader', 'csv', 'idx'],
    about: 'The model names its data set; `rffc data list` shows them all, and which read files of your own.',
    command: 'data list',
    see: language('data set'),
  },
  {
    name: 'npz',
    also: ['npy', 'numpy', 'np.load', 'np.savez', 'mnist.npz'],
    about:
      'NumPy files are read as they are: a .npz with x and y, or as Keras names them x_train, y_train, ' +
      'x_test and y_test; or .npy files, the labels’ file named by `labels`.',
    model: { train: 'train { data: numpy("mnist.npz") }' },
    see: language('data set'),
  },
  {
    name: 'augmentation',
    also: ['augment', 'data augmentation', 'random crop', 'transforms', 'flip', 'noise'],
    about:
      'Shift, rotate and noise, drawn anew for each training sample and epoch. Images are not flipped or cropped.',
    model: { train: 'train { data: digits(), augment: [shift(2), rotate(10), noise(0.1)] }' },
    see: language('augmentation'),
  },
  {
    name: 'standardization',
    also: ['mean and std', 'normalize data', 'transforms.normalize', 'scaling', 'preprocessing'],
    about: 'Pixels in 0..1 become (pixel - mean) / std by `normalize` of the data set.',
    model: { train: 'train { data: digits(normalize: [0.101, 0.249]) }' },
    see: language('data set'),
  },
  {
    name: 'validation split',
    also: ['validation', 'val', 'val split', 'holdout', 'cross-validation', 'cross validation'],
    about:
      'The share of the training samples kept aside. The best epoch is then chosen by them, not by the test ' +
      'split. There is no cross-validation.',
    model: { train: 'train { data: digits(), validation: 0.1 }' },
    see: language('Training, step by step'),
  },
  // Machines and other programs.
  {
    name: 'GPU',
    also: ['cuda', 'gpus', 'webgpu', 'metal', 'mps', 'device', 'graphics card', 'backend'],
    about:
      '`--backend cuda` on an NVIDIA GPU, `--backend webgpu` on any; `rffc backends` lists what is ' +
      'available. One GPU per run.',
    command: 'run model.rff --backend cuda',
    see: readme('Backends'),
  },
  {
    name: 'mixed precision',
    also: ['amp', 'fp16', 'bf16', 'tf32', 'f16', 'half precision', 'autocast', 'precision'],
    about:
      '`--precision` rounds the operands of matrix products: f16 on webgpu, tf32 and bf16 on cuda. Sums, ' +
      'parameters and optimizer state stay f32, so there is no loss scaling.',
    command: 'run model.rff --backend cuda --precision bf16',
    see: readme('CUDA'),
  },
  {
    name: 'plan',
    also: ['compiled model', 'torch.compile', 'jit', 'graph'],
    about:
      'What a model is compiled into: every buffer and kernel of training and prediction, before the first ' +
      'sample is read. `rffc run` compiles by itself.',
    command: 'compile model.rff',
    see: readme('The command line'),
  },
  {
    name: 'distributed',
    also: ['multi-gpu', 'ddp', 'data parallel', 'cluster'],
    about: 'A run uses one machine and one GPU. `rffc sweep --jobs N` trains several settings side by side.',
    command: 'sweep model.rff --set seed=1,2,3 --jobs 3',
    see: readme('The command line'),
  },
  {
    name: 'ONNX',
    also: ['export', 'onnxruntime', 'torchscript', 'deployment'],
    about: 'Exports the prediction of a run for any ONNX runtime.',
    command: 'export RUN --onnx model.onnx',
    see: readme('The command line'),
  },
  {
    name: 'hyperparameter search',
    also: ['sweep', 'grid search', 'random search', 'tuning', 'hpo', 'optuna'],
    about: 'Trains a model with many settings and names the best.',
    command: 'sweep model.rff --set lr=1e-4,1e-3 --set theta=1,1.5',
    see: readme('The command line'),
  },
  {
    name: 'logging',
    also: ['tensorboard', 'wandb', 'metrics', 'w&b', 'report', 'curves'],
    about:
      'A run folder has report.html and metrics.jsonl. `--log tensorboard` writes event files, `--metrics ' +
      'norms,updates,angles` measures more.',
    command: 'run model.rff --log tensorboard --metrics norms',
    see: readme('Training'),
  },
];

/** The term that a word stands for, whatever its case, in the plural too, and with `_` or `-` for spaces. */
export function findTerm(word: string): Term | undefined {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[\s_-]+/g, ' ')
      .trim()
      .replace(/(?<=\w{3})s$/, '');
  const asked = plain(word);
  return (
    terms.find(({ name }) => plain(name) === asked) ??
    terms.find(({ also }) => also.some((other) => plain(other) === asked))
  );
}
