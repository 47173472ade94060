/**
 * The registry of sites. A site is one word of Philox's counter (see `philox.ts`), so that two uses of randomness never
 * share a number, and adding a use never moves another's. Register new sites here; never renumber.
 *
 * | site           | draws                                   | epoch, batch        | index                     |
 * | 1              | the order of an epoch's samples         | epoch, 0            | Fisher-Yates step         |
 * | 2              | random negative labels                  | epoch, batch        | row of the batch          |
 * | 3              | the latent classifier's negative draws  | epoch, batch        | row of the batch          |
 * | 4              | the validation split                    | 0, 0                | Fisher-Yates step         |
 * | 5              | procedural data (`digits`, `moving_mnist`) | split, image     | the image's own sequence  |
 * | 6              | the partners of hybrid images           | epoch, batch        | row of the batch          |
 * | 7              | the masks of hybrid images              | epoch, batch        | row, then 32 cells a word |
 * | 8              | noise to generate images from           | label, image        | element                   |
 * | 9              | the training samples to evaluate on     | 0, 0                | Fisher-Yates step         |
 * | 0x80000 + a    | augmentation a of the model's list      | epoch, sample       | the sample's own sequence |
 * | 0x800          | a sweep's random trials                 | 0 order, 1 draws; trial | dimension         |
 * | 0x1000 + p     | initialization of parameter p           | 0, 0                | element, row-major        |
 * | 0x100000 + d   | dropout d, numbered by the lowering     | epoch, batch        | element, row-major        |
 */

export const SITE = {
  shuffle: 1,
  negatives: 2,
  classifierDraw: 3,
  split: 4,
  data: 5,
  hybridPartner: 6,
  hybridMask: 7,
  generation: 8,
  trainingSample: 9,
  augmentation: 0x80000,
  sweep: 0x800,
  initialization: 0x1000,
  dropout: 0x100000,
} as const;
