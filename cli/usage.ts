/**
 * Wrong usage in rffc's own words: what commander finds wrong with a command line becomes a diagnostic, with the
 * command or option that was meant, also where the word is another tool's.
 */
import { Argument, Command, InvalidArgumentError, type Option } from 'commander';
import { RffcError } from '../grammar/diagnostic.js';
import { closest } from '../grammar/suggest.js';
import { commandHabits, inModel, optionHabits, optionsWithValue, valueHabits } from './habits.js';

/** `@throws RffcError RFF923` to `RFF926`, with exit code 2, instead of printing and leaving. */
export class RffcCommand extends Command {
  override createCommand(name?: string): RffcCommand {
    return new RffcCommand(name);
  }

  // What follows replaces methods of commander that are not in its types: it has no other way to know what was wrong
  // than its English.

  unknownCommand(): never {
    const [word = '', ...rest] = this.args;
    const names = this.commands.map((command) => command.name());
    const asked = word.toLowerCase().replaceAll('_', '-');
    const group = this.parent ? `${this.name()} ` : '';
    const call = commandMeant(`${group}${asked}`)?.slice(group.length);
    const isModel = word.endsWith('.rff');
    const meant = call ?? (isModel ? 'run' : closest(word, names));
    throw usageError(
      'RFF923',
      `unknown command \`${word}\``,
      meant === undefined
        ? `\`${this.path()} --help\` lists the commands`
        : `did you mean \`${[this.path(), meant, ...this.completed(meant, isModel ? this.args : rest)].join(' ')}\`?`,
    );
  }

  unknownOption(flag: string): never {
    const [name = flag] = flag.split('=');
    const meant = optionMeant(name, longOptions(this));
    const written = inModel[plain(name)];
    const hint =
      meant !== undefined
        ? `did you mean \`${meant}\`?`
        : written !== undefined
          ? written
          : `\`${this.path()} --help\` lists the options`;
    throw usageError('RFF924', `unknown option \`${name}\` of \`${this.path()}\``, hint);
  }

  missingArgument(name: string): never {
    throw usageError(
      'RFF925',
      `missing argument: \`${this.path()}\` expects ${this.wanted(name)}`,
      this.usageHint(),
    );
  }

  missingMandatoryOptionValue({ flags, description }: Option): never {
    throw usageError(
      'RFF925',
      `missing option: \`${this.path()}\` requires \`${flags}\` (${description})`,
      this.usageHint(),
    );
  }

  optionMissingArgument({ flags, long }: Option): never {
    throw usageError('RFF925', `missing value of \`${long}\`: expected \`${flags}\``, this.usageHint());
  }

  _excessArguments(given: readonly string[]): never {
    const [first] = given.slice(this.registeredArguments.length);
    throw usageError('RFF925', `unexpected argument \`${first}\` of \`${this.path()}\``, this.usageHint());
  }

  _callParseArg<T>(target: Option | Argument, value: string, previous: T): T {
    try {
      return target.parseArg!(value, previous) as T;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      const name = target instanceof Argument ? `<${target.name()}>` : (target.long ?? target.flags);
      const { argChoices: choices } = target;
      const near = choices && closest(value, choices);
      const habit = choices && valueHabits[value.toLowerCase()];
      throw usageError(
        'RFF926',
        `invalid value \`${value}\` of \`${name}\`: ${choices ? `expected ${listed(choices)}` : error.message}`,
        habit ?? (near === undefined ? undefined : `did you mean \`${near}\`?`),
      );
    }
  }

  /** `rffc data fetch`, as the user calls it. */
  private path(): string {
    const { parent } = this;
    return parent instanceof RffcCommand ? `${parent.path()} ${this.name()}` : this.name();
  }

  /**
   * What follows a command that was meant: what was given, its options translated too, or nothing where one of them
   * cannot be; and what the command does not do without.
   */
  private completed(meant: string, rest: readonly string[]): string[] {
    const words = meant.split(' ');
    let command: Command | undefined = this;
    for (const word of words.filter((w) => !w.startsWith('-')))
      command = command?.commands.find((c) => c.name() === word) ?? command;
    if (command === this) return [];
    const given = translated(rest, longOptions(command)) ?? [];
    const first = given.findIndex((word) => word.startsWith('-'));
    const operands = first < 0 ? given.length : first;
    // `run --resume` takes a folder in the place of a file.
    const last = command.options.find(({ long, required }) => required && long === words.at(-1));
    const wanted = last
      ? [last.flags.replace(/.*<(.+)>/, '$1')]
      : command.registeredArguments.map((argument) => argument.name());
    const options = command.options
      .filter(({ mandatory, long }) => mandatory && !given.some((word) => word.split('=')[0] === long))
      .map(({ flags }) => flags.replace(/<(.+)>/, (_, name: string) => placeholder(name)));
    return [
      ...given.slice(0, operands),
      ...wanted.slice(operands).map(placeholder),
      ...given.slice(operands),
      ...options,
    ];
  }

  private wanted(name: string): string {
    const argument = this.registeredArguments.find((a) => a.name() === name);
    const shape = argument?.variadic ? `<${name}...>` : `<${name}>`;
    return `\`${shape}\`${argument?.description ? ` (${argument.description})` : ''}`;
  }

  private usageHint(): string {
    return `\`${this.path()} --help\` shows its usage`;
  }
}

function usageError(code: string, message: string, hint: string | undefined): RffcError {
  const diagnostic = { code, severity: 'error' as const, message };
  return new RffcError([hint === undefined ? diagnostic : { ...diagnostic, hint }], 2);
}

function longOptions(command: Command): readonly string[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => long ?? []);
}

/** Arguments with each option as the command calls it; undefined where it has none like one of them. */
function translated(rest: readonly string[], known: readonly string[]): string[] | undefined {
  const all = rest.map((argument) => {
    if (!argument.startsWith('-')) return quoted(argument);
    const [flag = '', ...value] = argument.split('=');
    const long = known.includes(flag) ? flag : optionMeant(flag, known);
    return long === undefined ? undefined : [long, ...value].join('=');
  });
  return all.every((argument) => argument !== undefined) ? all : undefined;
}

/** `RUN` for `<run>`; a file's name as it is. */
function placeholder(name: string): string {
  return name.includes('.') ? name : name.toUpperCase();
}

/** What to type instead of another tool's command. */
function commandMeant(word: string): string | undefined {
  return Object.keys(commandHabits).find((call) => commandHabits[call]!.includes(word));
}

/** An option's name without dashes in front, in small letters, with dashes between words. */
function plain(flag: string): string {
  return flag.replace(/^-+/, '').toLowerCase().replaceAll('_', '-');
}

/** Which of a command's options was meant: the same word, one of the same meaning, or the nearest. */
function optionMeant(flag: string, known: readonly string[]): string | undefined {
  const name = plain(flag);
  const withValue = optionsWithValue[name];
  if (withValue !== undefined && known.includes(withValue.split(' ')[0]!)) return withValue;
  const named = (candidates: readonly string[]) => known.find((long) => candidates.includes(plain(long)));
  return (
    named([name]) ??
    optionHabits.filter((group) => group.includes(name)).flatMap((group) => named(group) ?? [])[0] ??
    (Object.hasOwn(inModel, name) ? undefined : closest(`--${name}`, known))
  );
}

/** `a`, `b` or `c`. */
function listed(words: readonly string[]): string {
  const all = words.map((word) => `\`${word}\``);
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} or ${all.at(-1)}` : all.join('');
}

/** An argument as a shell takes it. */
function quoted(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
