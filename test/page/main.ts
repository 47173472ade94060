/** Trains the model in the text box on the browser's WebGPU, and shows its loss batch by batch. */
import { openWebgpu } from '../../runtime/webgpu/session.js';
import { compileText, type Losses, trial } from './trial.js';

const text = document.querySelector('textarea')!;
const button = document.querySelector('button')!;
const chart = document.querySelector('polyline')!;
const status = document.querySelector('output')!;

function show(losses: Losses): void {
  const means = losses.map((loss) => loss.reduce((sum, l) => sum + l, 0) / loss.length);
  const most = Math.max(...means);
  const place = (mean: number, i: number) =>
    `${(600 * (i + 1)) / (losses.length + 1)},${200 - (190 * mean) / most}`;
  chart.setAttribute('points', means.map(place).join(' '));
  status.value = `batch ${losses.length}: loss ${means.at(-1)!.toFixed(4)}`;
}

/** What the page has to say in the end, for people in `output`, for the test on `window`. */
async function run(): Promise<void> {
  button.disabled = true;
  try {
    if (!navigator.gpu) throw new Error('this browser has no WebGPU');
    const compiled = await compileText(text.value);
    const session = await openWebgpu(compiled.plan, navigator.gpu);
    try {
      const losses = await trial(compiled, session, show);
      window.dispatchEvent(new CustomEvent('trained', { detail: { adapter: session.adapter, losses } }));
    } finally {
      await session.dispose();
    }
  } catch (error) {
    status.value = String(error);
    window.dispatchEvent(new CustomEvent('failed', { detail: String(error) }));
  } finally {
    button.disabled = false;
  }
}

button.addEventListener('click', () => void run());
