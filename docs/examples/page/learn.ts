/** What the page does, without the page: trains a model on any session, and labels ten images. */
import {
  type BatchReport,
  type Compilation,
  loadDataset,
  predict,
  type Session,
  samples,
  train,
} from 'rffc/browser';

export interface Learned {
  /** In [0, 1], on the test images; null if the model predicts nothing. */
  readonly accuracy: number | null;
  /** [10, inputSize], row-major. */
  readonly images: Float32Array;
  /** [10], predicted and true. */
  readonly labels: Int32Array;
  readonly truth: Int32Array;
}

/** Trains the compiled model on its `digits` for its epochs; `report` is called after each batch. */
export async function learn(
  { document, plan }: Pick<Compilation, 'document' | 'plan'>,
  session: Session,
  report: (batch: BatchReport) => void,
): Promise<Learned> {
  const data = await loadDataset(document.train.data);
  const { test } = await train(session, plan, data, {}, { batch: report });

  // Your own data are numbers in an array: here ten images, as the network receives them.
  const inputSize = document.input.size;
  const images = new Float32Array(10 * inputSize);
  data.test.gather([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], images);
  const prediction = await predict(session, plan, samples(images, { inputSize }));
  return {
    accuracy: test?.accuracy ?? null,
    images,
    labels: prediction!.labels,
    truth: data.test.y.slice(0, 10),
  };
}
