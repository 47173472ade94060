/**
 * Trains the model in the text box on the browser's WebGPU, draws its loss batch by batch, and shows what it predicts.
 */
import { compile, openWebgpu } from 'rffc/browser';
import { type Learned, learn } from './learn.js';

const text = document.querySelector('textarea')!;
const button = document.querySelector('button')!;
const chart = document.querySelector('polyline')!;
const status = document.querySelector('output')!;
const predictions = document.querySelector('section')!;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function drawLosses(losses: readonly number[]): void {
  const most = Math.max(...losses);
  const point = (loss: number, i: number) =>
    `${(600 * (i + 1)) / (losses.length + 1)},${200 - (190 * loss) / most}`;
  chart.setAttribute('points', losses.map(point).join(' '));
}

/** Each image with its predicted label below it, in red if wrong. */
function drawPredictions({ images, labels, truth }: Learned): void {
  const side = Math.sqrt(images.length / labels.length);
  const [low, high] = [Math.min(...images), Math.max(...images)];
  const figures = [...labels].map((label, i) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
    const picture = new ImageData(side, side);
    images.subarray(i * side * side, (i + 1) * side * side).forEach((value, pixel) => {
      const ink = (255 * (value - low)) / (high - low);
      picture.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * pixel);
    });
    canvas.getContext('2d')!.putImageData(picture, 0, 0);
    const caption = Object.assign(document.createElement('figcaption'), { textContent: `${label}` });
    if (label !== truth[i]) caption.className = 'wrong';
    const figure = document.createElement('figure');
    figure.append(canvas, caption);
    return figure;
  });
  predictions.replaceChildren(...figures);
}

async function run(): Promise<void> {
  const compiled = await compile({ text: text.value, file: 'page.rff' });
  await using session = await openWebgpu(compiled.plan);
  const losses: number[] = [];
  const learned = await learn(compiled, session, ({ epoch, batch, batches, loss }) => {
    losses.push(mean(loss));
    drawLosses(losses);
    status.value = `epoch ${epoch}, batch ${batch}/${batches}: loss ${losses.at(-1)!.toFixed(4)}`;
  });
  drawPredictions(learned);
  if (learned.accuracy !== null) status.value = `test accuracy ${(100 * learned.accuracy).toFixed(1)} %`;
}

button.addEventListener('click', async () => {
  button.disabled = true;
  try {
    await run();
  } catch (error) {
    // The message of an RffcError is its diagnostics, one per line.
    status.value = String(error);
  } finally {
    button.disabled = false;
  }
});
