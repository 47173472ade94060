#!/usr/bin/env node
/**
 * The command line: which commands there are and what they take. A command's code is loaded when it is called, so
 * that help and the compiler start without a tensor library.
 *
 * Ends with 0; 1 for bad input; 2 for wrong usage; 130 after Ctrl-C, 141 where nobody reads the results any more.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Argument, type Command, CommanderError, Option } from 'commander';
import { RffcError } from '../grammar/diagnostic.js';
import { fileError } from '../runtime/files.js';
import { logKinds, metricKinds } from '../runtime/folder/metrics.js';
import { outputFormats } from '../runtime/run/predictions.js';
import { rffcVersion } from '../runtime/version.js';
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
  sampleOptions,
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
    .description('format .rff files')
    .argument('<files...>', '.rff files, rewritten in place')
    .option('--check', 'change nothing; exit 1 if a file is not formatted')
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
    .option('--explain', 'show what each compiler pass did')
    .addOption(
      new Option('--no-pass <name>', 'disable a pass; may be repeated').argParser(collected).default([]),
    )
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(new Option('--batch <n>', 'samples per training batch').argParser(whole(1)))
    .addOption(dataDirOption())
    .action(async (file, options) =>
      done(await (await import('./compile.js')).compileCommand(io, file, options)),
    );

  program
    .command('run')
    .description('train a model')
    .argument('[file]', 'a .rff file, a model document or a plan (default: the plan compiled last here)')
    .addOption(backendOption())
    .addOption(new Option('--epochs <n>', 'number of epochs (overrides the model)').argParser(whole(1)))
    .addOption(
      new Option('--batch <n>', 'samples per training batch (overrides the model)').argParser(whole(1)),
    )
    .addOption(limitOption('train on the first n samples, and test on at most n'))
    .addOption(new Option('--seed <n>', 'random seed (overrides the model)').argParser(whole(0)))
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(
      new Option(
        '--judge-every <epochs>',
        'evaluate every n epochs and after the last (default: every epoch)',
      ).argParser(whole(1)),
    )
    .addOption(
      new Option(
        '--checkpoint-every <batches>',
        'also save every n batches (always saved: after each epoch, and every five minutes)',
      ).argParser(whole(1)),
    )
    .addOption(
      new Option(
        '--metrics <kinds>',
        `further metrics: ${metricKinds.join(', ')}; several with commas`,
      ).argParser(listOf(metricKinds)),
    )
    .addOption(
      new Option('--metrics-every <batches>', 'write metrics every n batches (default: 10)').argParser(
        whole(1),
      ),
    )
    .addOption(new Option('--log <kinds>', logKinds.join(', ')).argParser(listOf(logKinds)))
    .addOption(new Option('--lr <rate>', 'learning rate (overrides the model)').argParser(positive))
    .option('--init <weights.safetensors>', 'start from these weights')
    .addOption(
      new Option(
        '--init-missing <what>',
        'allow missing or unused weights in `--init`; missing ones are initialized normally',
      ).choices(['ok', 'error']),
    )
    .option('--resume <dir>', 'resume a run from its last checkpoint')
    .option('--out <dir>', 'run folder (default: runs/NAME-DATE-TIME)')
    .addOption(dataDirOption())
    .addOption(jsonOption('print a line of JSON per epoch, and one for the result'))
    .option('--quiet', 'hide progress')
    .action(async (file, options) => done(await (await import('./run.js')).runCommand(io, file, options)));

  const evaluate = program
    .command('eval')
    .description('evaluate a trained network: accuracy and confusion matrix')
    .argument('<run>', 'the folder of a run')
    .addOption(backendOption('auto'))
    .addOption(new Option('--split <name>', 'samples to use').choices(['test', 'validation', 'train']))
    .option(
      '--data <path>',
      'other labelled samples: a folder of IDX files or of images per class, a .csv table, or arrays x and y',
    )
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(limitOption('the first n samples'))
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(dataDirOption())
    .addOption(jsonOption());
  for (const option of sampleOptions()) evaluate.addOption(option);
  evaluate.action(async (run, options) =>
    done(await (await import('./eval.js')).evalCommand(io, run, options)),
  );

  const predict = program
    .command('predict')
    .description('label samples with a trained network')
    .argument('<run>', 'the folder of a run')
    .requiredOption(
      '--data <path>',
      'a PNG or JPEG image, a folder of them, an IDX file, a .csv table, or an array x in .npy, .npz or .safetensors',
    )
    .option('--out <file>', `write labels and goodness to a file: ${outputFormats.join(', ')}`)
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(jsonOption());
  for (const option of sampleOptions()) predict.addOption(option);
  predict.action(async (run, options) =>
    done(await (await import('./predict.js')).predictCommand(io, run, options)),
  );

  program
    .command('generate')
    .description('generate images of a label with a trained network that has a decoder')
    .argument('<run>', 'the folder of a run')
    .requiredOption('--out <dir>', 'a new folder for the images and a sheet of all of them')
    .addOption(new Option('--label <n>', 'label to generate, from 0 (default: all)').argParser(whole(0)))
    .addOption(
      new Option('--count <n>', 'images of each label (default: 10 from noise, 1 from the mean)').argParser(
        whole(1),
      ),
    )
    .addOption(new Option('--steps <n>', 'how long the network runs').argParser(whole(1)).default(20))
    .addOption(
      new Option('--seed <n>', 'seed of the noise (default: the seed of the model)').argParser(whole(0)),
    )
    .addOption(
      new Option('--start <from>', 'noise, or the training data’s mean')
        .choices(['noise', 'mean'])
        .default('noise'),
    )
    .addOption(
      new Option('--grid <rowsxcolumns>', 'layout of the values (default: a square)').argParser(grid),
    )
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
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
    .description('export the prediction of a trained network as an ONNX model')
    .argument('<run>', 'the folder of a run')
    .requiredOption('--onnx <model.onnx>', 'the file to write')
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(new Option('--frames <n>', 'frames per sample (default: as in the data)').argParser(whole(1)))
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (run, options) =>
      done(await (await import('./export.js')).exportCommand(io, run, options)),
    );

  program
    .command('sweep')
    .description('train a model with many settings in parallel, and rank them')
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
    .addOption(new Option('--trials <n>', 'maximum number of trials').argParser(whole(1)))
    .addOption(new Option('--jobs <n>', 'parallel runs (default: as cores allow)').argParser(whole(1)))
    .option('--retry', 'run failed trials again')
    .addOption(backendOption('auto'))
    .addOption(new Option('--epochs <n>', 'number of epochs (overrides the model)').argParser(whole(1)))
    .addOption(
      new Option('--batch <n>', 'samples per training batch (overrides the model)').argParser(whole(1)),
    )
    .addOption(new Option('--lr <rate>', 'learning rate (overrides the model)').argParser(positive))
    .addOption(
      new Option('--seed <n>', 'random seed of the runs and of the random sampler').argParser(whole(0)),
    )
    .addOption(limitOption('train on the first n samples, and test on at most n'))
    .addOption(threadsOption())
    .addOption(modelOption())
    .option('--out <dir>', 'sweep folder (default: one under runs/ for these settings)')
    .addOption(dataDirOption())
    .addOption(jsonOption('print a line of JSON per trial, and one for the result'))
    .option('--quiet', 'hide progress')
    .action(async (file, options) =>
      done(await (await import('./sweep.js')).sweepCommand(io, file, options)),
    );

  program
    .command('bench')
    .description('benchmark training and prediction against their matrix products alone')
    .argument('<file>', 'a .rff file, a model document or a plan')
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--batches <n>', 'batches to time (default: as many as fit in 20 seconds)').argParser(
        whole(1),
      ),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .option('--profile', 'time per kernel')
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(new Option('--batch <n>', 'samples per training batch').argParser(whole(1)))
    .addOption(
      new Option('--no-pass <name>', 'disable a pass; may be repeated').argParser(collected).default([]),
    )
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (file, options) =>
      done(await (await import('./bench.js')).benchCommand(io, file, options)),
    );

  program
    .command('backends')
    .description('list available backends, and what the others need')
    .option('--verbose', 'show what drivers print while they are looked for')
    .addOption(jsonOption())
    .action(async (options) => done(await (await import('./backends.js')).backendsCommand(io, options)));

  const data = program.command('data').description('data sets');
  data
    .command('list')
    .description('list the data sets')
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
    .description('describe a data set, and say whether it is installed')
    .argument('<name>', 'for example mnist')
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => done(await (await import('./data.js')).infoCommand(io, name, options)));

  data
    .command('sample')
    .description('write a sample of a data set as a picture')
    .argument('<name>', 'for example digits')
    .requiredOption('--out <picture.png>', 'the file to write')
    .addOption(new Option('--index <n>', 'which sample, from 0').argParser(whole(0)).default(0))
    .addOption(new Option('--split <name>', 'samples to use').choices(['test', 'train']).default('test'))
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) =>
      done(await (await import('./sample.js')).sampleCommand(io, name, options)),
    );

  program
    .command('init')
    .description('write a commented model to start from')
    .argument('<name>', 'name of the model and its file')
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

  addExamples(program, io.command);
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
