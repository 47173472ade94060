/**
 * `node dist/bench/cuda/train.js [MODEL] [ACCURACY] [further options of rffc run]`: trains a model on the cuda backend
 * until its test accuracy is reached (mnist3x2000 and 0.98), and reports the epochs and seconds.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** This file is run from `dist/bench/cuda`. */
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const [model = 'mnist3x2000', wanted = '0.98', ...more] = process.argv.slice(2);

const args = [join(root, 'dist/cli/main.js'), 'run', join(root, `models/${model}.rff`), '--backend', 'cuda'];
const run = spawn(process.execPath, [...args, '--json', '--quiet', ...more], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let reached = false;
for await (const line of createInterface({ input: run.stdout })) {
  const event = JSON.parse(line) as Readonly<Record<string, unknown>>;
  if (event.event !== 'epoch' || typeof event.test_accuracy !== 'number') continue;
  const accuracy = event.test_accuracy;
  console.log(
    `epoch ${event.epoch}: ${(100 * accuracy).toFixed(2)} % after ${Number(event.seconds).toFixed(1)} s`,
  );
  if (accuracy < Number(wanted) || reached) continue;
  reached = true;
  console.log(`${model} reached ${(100 * Number(wanted)).toFixed(2)} % in epoch ${event.epoch}`);
  // It finishes its batch, writes its checkpoint and exits.
  run.kill('SIGINT');
}
process.exit(reached ? 0 : 1);
