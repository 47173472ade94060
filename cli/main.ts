#!/usr/bin/env node
/**
 * The command line: which commands there are and what they take. A command's code is loaded when it is called, so
 * that help and the compiler start without a tensor library.
 *
 * Ends with 0; 1 for bad input; 2 for wrong usage; 130 after Ctrl-C.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Argument, type Command, CommanderError, Option } from 'commander';
import { RffcError } from '../grammar/diagnostic.js';
import { fileError } from '../runtime/run/files.js';
import { logKinds, metricKinds } from '../runtime/run/metrics.js';
import { rffcVersion } from '../runtime/run/version.js';
import { addExamples, SHELLS } from './examples.js';
import { type Io, processIo, report } from './io.js';
import {
  backendOption,
  collected,
  dataDirOption,
  deviceOption,
  EMIT_FORMS,
  grid,
  jsonOption,
  limitOption,
  listOf,
  modelOption,
  positive,
  precisionOption,
  setOption,
  threadsOption,
  whole,
} from './options.js';
import { RffcCommand } from './usage.js';

/** Runs one command line (without `node` and the script) and resolves to the exit code. Never throws. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let code = 0;
  const program = commandLine(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, io);
  }
}

/** Every command; each hands its exit code to `done`. */
function commandLine(io: Io, done: (code: number) => void): Command {
  const program = new RffcCommand(io.command)
    .description('Compiles and trains recurrent forward-forward networks written as .rff text.')
    .version(rffcVersion(), '-V, --version', 'print the version')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .exitOverride();

  program
    .command('check')
    .description('print every error and warning')
    .argument('<files...>', '.rff files or model documents')
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(jsonOption())
    .action(async (files, options) =>
      done(await (await import('./check.js')).checkCommand(io, files, options)),
    );

  program
    .command('fmt')
    .description('put .rff files into their one canonical form')
    .argument('<files...>', '.rff files, rewritten in place')
    .option('--check', 'change nothing; exit 1 if a file is not in canonical form')
    .action(async (files, options) => done((await import('./fmt.js')).fmtCommand(io, files, options)));

  program
    .command('compile')
    .description('compile a model into a plan and print a summary, or print one of its forms')
    .argument('<file>', 'a .rff file or a model document')
    .addOption(
      new Option('--emit <forms>', `${EMIT_FORMS.join(', ')}; several with commas`).argParser(
        listOf(EMIT_FORMS),
      ),
    )
    .option(
      '-o, --output <path>',
      'where to write (default: .rffc/NAME.plan.json); a folder for several forms',
    )
    .option('--explain', 'what each pass of the compiler did')
    .addOption(
      new Option('--no-pass <name>', 'leave out a pass; may be repeated').argParser(collected).default([]),
    )
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(new Option('--batch <n>', 'samples a training batch').argParser(whole(1)))
    .addOption(dataDirOption())
    .action(async (file, options) =>
      done(await (await import('./compile.js')).compileCommand(io, file, options)),
    );

  program
    .command('run')
    .description('train a model')
    .argument('[file]', 'a .rff file, a model document or a plan (default: the plan compiled last here)')
    .addOption(backendOption())
    .addOption(new Option('--epochs <n>', 'instead of the model’s').argParser(whole(1)))
    .addOption(new Option('--batch <n>', 'instead of the model’s').argParser(whole(1)))
    .addOption(limitOption('train on the first n samples, and test on at most n'))
    .addOption(new Option('--seed <n>', 'instead of the model’s').argParser(whole(0)))
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(
      new Option(
        '--judge-every <epochs>',
        'test after every so many epochs and the last, instead of after each',
      ).argParser(whole(1)),
    )
    .addOption(
      new Option(
        '--checkpoint-every <batches>',
        'save within an epoch too (always after each, and every five minutes)',
      ).argParser(whole(1)),
    )
    .addOption(
      new Option(
        '--metrics <kinds>',
        `measure more: ${metricKinds.join(', ')}; several with commas`,
      ).argParser(listOf(metricKinds)),
    )
    .addOption(
      new Option('--metrics-every <batches>', 'batches between two lines of metrics (default: 10)').argParser(
        whole(1),
      ),
    )
    .addOption(new Option('--log <kinds>', logKinds.join(', ')).argParser(listOf(logKinds)))
    .addOption(new Option('--lr <rate>', 'instead of the model’s').argParser(positive))
    .option('--init <weights.safetensors>', 'start from these weights')
    .addOption(
      new Option(
        '--init-missing <what>',
        'of `--init`: whether weights may be missing, which then start as without it, or left over',
      ).choices(['ok', 'error']),
    )
    .option('--resume <dir>', 'go on with a run from its checkpoint')
    .option('--out <dir>', 'the run’s folder (default: runs/NAME-DATE-TIME)')
    .addOption(dataDirOption())
    .addOption(jsonOption('print a JSON object a line: one an epoch, and the result'))
    .option('--quiet', 'no progress')
    .action(async (file, options) => done(await (await import('./run.js')).runCommand(io, file, options)));

  program
    .command('eval')
    .description('judge a trained network: accuracy and confusion')
    .argument('<run>', 'the folder of a run')
    .addOption(backendOption('auto'))
    .addOption(new Option('--split <name>', 'which samples').choices(['test', 'validation', 'train']))
    .option('--data <path>', 'other samples: a folder of IDX files, a .csv table, or tensors x and y')
    .addOption(
      new Option('--weights <which>', 'of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(limitOption('the first n samples'))
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (run, options) => done(await (await import('./eval.js')).evalCommand(io, run, options)));

  program
    .command('predict')
    .description('label samples with a trained network')
    .argument('<run>', 'the folder of a run')
    .requiredOption(
      '--data <path>',
      'images (a PNG, a folder of them, an IDX file), or tensors: x [N, d] or [N, frames, d] as the network is to see them',
    )
    .requiredOption('--out <predictions.safetensors>', 'gets label [N] and goodness [N, classes]')
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--weights <which>', 'of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .action(async (run, options) =>
      done(await (await import('./predict.js')).predictCommand(io, run, options)),
    );

  program
    .command('generate')
    .description('make images of a label with a trained network that has a decoder')
    .argument('<run>', 'the folder of a run')
    .requiredOption('--out <dir>', 'a new folder for the images and a sheet of all of them')
    .addOption(new Option('--label <n>', 'of which label, from 0 (default: all)').argParser(whole(0)))
    .addOption(
      new Option('--count <n>', 'images of each label (default: 10 from noise, 1 from the mean)').argParser(
        whole(1),
      ),
    )
    .addOption(new Option('--steps <n>', 'how long the network runs').argParser(whole(1)).default(20))
    .addOption(new Option('--seed <n>', 'of the noise (default: the model’s)').argParser(whole(0)))
    .addOption(
      new Option('--start <from>', 'noise, or the training data’s mean')
        .choices(['noise', 'mean'])
        .default('noise'),
    )
    .addOption(new Option('--grid <rowsxcolumns>', 'how the values lie (default: a square)').argParser(grid))
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--weights <which>', 'of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (run, options) =>
      done(await (await import('./generate.js')).generateCommand(io, run, options)),
    );

  program
    .command('export')
    .description('write what a run learned for other programs: its prediction as an ONNX model')
    .argument('<run>', 'the folder of a run')
    .requiredOption('--onnx <model.onnx>', 'the file to write')
    .addOption(
      new Option('--weights <which>', 'of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(new Option('--frames <n>', 'of a sample (default: as the data has)').argParser(whole(1)))
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (run, options) =>
      done(await (await import('./export.js')).exportCommand(io, run, options)),
    );

  program
    .command('sweep')
    .description('train a model with many settings, side by side, and name the best')
    .argument('<file>', 'a .rff file or a model document')
    .addOption(
      new Option(
        '--set <name=values>',
        'values of a param, or of lr, epochs, batch or seed: a,b,c, or low..high to draw from; may be repeated',
      ).argParser(collected),
    )
    .addOption(
      new Option('--sampler <name>', 'every combination, or random ones')
        .choices(['grid', 'random'])
        .default('grid'),
    )
    .addOption(new Option('--trials <n>', 'how many at most').argParser(whole(1)))
    .addOption(new Option('--jobs <n>', 'runs side by side (default: as cores allow)').argParser(whole(1)))
    .option('--retry', 'try again what failed before')
    .addOption(backendOption('auto'))
    .addOption(new Option('--epochs <n>', 'instead of the model’s').argParser(whole(1)))
    .addOption(new Option('--batch <n>', 'instead of the model’s').argParser(whole(1)))
    .addOption(new Option('--lr <rate>', 'instead of the model’s').argParser(positive))
    .addOption(new Option('--seed <n>', 'of the runs and of the random sampler').argParser(whole(0)))
    .addOption(limitOption('train on the first n samples, and test on at most n'))
    .addOption(threadsOption())
    .addOption(modelOption())
    .option('--out <dir>', 'the sweep’s folder (default: one under runs/ for these settings)')
    .addOption(dataDirOption())
    .addOption(jsonOption('print a JSON object a line: one a trial, and the result'))
    .option('--quiet', 'no progress')
    .action(async (file, options) =>
      done(await (await import('./sweep.js')).sweepCommand(io, file, options)),
    );

  program
    .command('bench')
    .description('time a training batch and a prediction, beside the floor that their matrix products set')
    .argument('<file>', 'a .rff file, a model document or a plan')
    .addOption(backendOption('auto'))
    .addOption(
      new Option(
        '--batches <n>',
        'how many to time (default: as many as 20 seconds have room for)',
      ).argParser(whole(1)),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .option('--profile', 'what each kernel took')
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(new Option('--batch <n>', 'samples a training batch').argParser(whole(1)))
    .addOption(
      new Option('--no-pass <name>', 'leave out a pass; may be repeated').argParser(collected).default([]),
    )
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (file, options) =>
      done(await (await import('./bench.js')).benchCommand(io, file, options)),
    );

  program
    .command('backends')
    .description('what can run here; for what cannot, why and what to install')
    .addOption(jsonOption())
    .action(async (options) => done(await (await import('./backends.js')).backendsCommand(io, options)));

  const data = program.command('data').description('data sets');
  data
    .command('list')
    .description('every data set')
    .addOption(jsonOption())
    .action(async (options) => done((await import('./data.js')).listCommand(io, options)));
  data
    .command('fetch')
    .description('download a data set and check it')
    .argument('<name>', 'for example mnist')
    .addOption(dataDirOption())
    .action(async (name, options) => done(await (await import('./data.js')).fetchCommand(io, name, options)));
  data
    .command('info')
    .description('what a data set holds, and whether it is here')
    .argument('<name>', 'for example mnist')
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => done(await (await import('./data.js')).infoCommand(io, name, options)));

  program
    .command('init')
    .description('write a commented model to start from')
    .argument('<name>', 'its name, which is also the file’s')
    .action(async (name) => done(await (await import('./init.js')).initCommand(io, name)));

  program
    .command('explain')
    .description('explain an error code, or a term of the field, with an example')
    .argument('[what...]', 'for example RFF201 or softmax (default: list all)')
    .addOption(jsonOption())
    .action(async (what, options) =>
      done(
        await (await import('./explain.js')).explainCommand(
          io,
          what.length > 0 ? what.join(' ') : undefined,
          options,
        ),
      ),
    );

  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell) => done((await import('./completion.js')).completionCommand(io, program, shell)));

  addExamples(program);
  return program;
}

/** Says what went wrong, once, and gives the exit code for it. */
function explain(error: unknown, io: Io): number {
  // Help and the version are all that commander prints and leaves by.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof Error && 'path' in error ? fileError(error, String(error.path)) : error;
  if (known instanceof RffcError) {
    report(io, known.diagnostics);
    return known.exitCode;
  }
  const text = known instanceof Error ? (known.stack ?? known.message) : String(known);
  io.err(`${text}\nThis is a mistake in rffc, not in your file: please report it with the lines above.\n`);
  return 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
