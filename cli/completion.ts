/**
 * `rffc completion`: a script that teaches a shell the commands, their options and the values these take, made from
 * commander's own tables, so that it cannot say anything else than `--help` does.
 */
import type { Argument, Command, Option } from 'commander';
import type { SHELLS } from './examples.js';
import type { Io } from './io.js';

export function completionCommand(io: Io, program: Command, shell: (typeof SHELLS)[number]): number {
  const print = { bash, zsh, fish }[shell];
  io.out(print(commandsOf(program)));
  return 0;
}

/** What can stand somewhere: one of some words, a file, a folder, or what only the user knows. */
type Values = readonly string[] | 'file' | 'folder' | 'free';

interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly about: string;
  /** Undefined where the option takes no value. */
  readonly values: Values | undefined;
}

interface Known {
  /** `data fetch`; empty for the program itself. */
  readonly path: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  /** What may follow that is no option. */
  readonly values: Values;
  /** The names and descriptions of commands below. */
  readonly below: readonly { readonly name: string; readonly about: string }[];
}

function commandsOf(command: Command, path: readonly string[] = []): Known[] {
  const { visibleOptions, visibleCommands } = {
    visibleOptions: command.createHelp().visibleOptions(command),
    visibleCommands: command.commands,
  };
  const below = visibleCommands.map((c) => ({ name: c.name(), about: c.description() }));
  const own: Known = {
    path: path.join(' '),
    about: command.description(),
    flags: visibleOptions.flatMap(flagOf),
    values:
      below.length > 0 ? below.map(({ name }) => name) : valuesOfArgument(command.registeredArguments[0]),
    below,
  };
  return [own, ...visibleCommands.flatMap((c) => commandsOf(c, [...path, c.name()]))];
}

function flagOf({ long, short, description, flags, argChoices }: Option): Flag[] {
  if (!long) return [];
  const value = /[<[](.+)[>\]]/.exec(flags)?.[1];
  const values = value === undefined ? undefined : (argChoices ?? placeOf(value));
  return [{ long, short, about: description, values }];
}

function valuesOfArgument(argument: Argument | undefined): Values {
  if (!argument) return [];
  return argument.argChoices ?? placeOf(argument.name());
}

/** What a placeholder of the help stands for: `<dir>`, `<weights.safetensors>`, `<n>`. */
function placeOf(placeholder: string): Exclude<Values, readonly string[]> {
  if (/^(dir|run|folder)$/.test(placeholder)) return 'folder';
  return /^(files?|path)$|\./.test(placeholder) ? 'file' : 'free';
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(commands: readonly Known[]): string {
  const reply = (values: Values) =>
    values === 'file'
      ? 'COMPREPLY=($(compgen -f -- "$current"))'
      : values === 'folder'
        ? 'COMPREPLY=($(compgen -d -- "$current"))'
        : values === 'free'
          ? ':'
          : `COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$current"))`;
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => path);
  const steps = paths.map((path) => {
    const words = path.split(' ');
    return `      ${quoted(`${words.slice(0, -1).join(' ')}/${words.at(-1)}`)}) command=${quoted(path)} ;;`;
  });
  const values = commands.flatMap(({ path, flags }) =>
    flags.flatMap(({ long, short, values }) =>
      values === undefined
        ? []
        : [long, ...(short ? [short] : [])].map(
            (flag) => `    ${quoted(`${path}/${flag}`)}) ${reply(values)}; return ;;`,
          ),
    ),
  );
  const rest = commands.map(({ path, flags, values }) => {
    const words = flags.map(({ long }) => long).join(' ');
    return `    ${quoted(path)})
      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W ${quoted(words)} -- "$current"))
      else ${reply(values)}; fi ;;`;
  });
  return `# bash completion for rffc, made by \`rffc completion bash\`
_rffc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command/\${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  case "$command/$previous" in
${values.join('\n')}
  esac
  case "$command" in
${rest.join('\n')}
  esac
}
complete -o filenames -F _rffc rffc
`;
}

function zsh(commands: readonly Known[]): string {
  const action = (values: Values) =>
    values === 'file'
      ? '_files'
      : values === 'folder'
        ? '_files -/'
        : values === 'free'
          ? ' '
          : `(${values.join(' ')})`;
  /** Inside an \`_arguments\` specification colons and brackets have a meaning. */
  const plain = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
  const functions = commands.map(({ path, flags, values, below }) => {
    const name = `_rffc${path === '' ? '' : `_${path.replaceAll(' ', '_')}`}`;
    const specs = flags.flatMap(({ long, short, about, values }) =>
      [long, ...(short ? [short] : [])].map((flag) =>
        quoted(`*${flag}[${plain(about)}]${values === undefined ? '' : `:value:${action(values)}`}`),
      ),
    );
    if (below.length === 0)
      return (
        `${name}() {\n  _arguments \\\n    ` +
        `${[...specs, quoted(`*:argument:${action(values)}`)].join(' \\\n    ')}\n}`
      );
    const described = below.map((c) => quoted(`${c.name}:${plain(c.about)}`)).join(' ');
    const calls = below.map((c) => `        ${c.name}) ${name}_${c.name} ;;`).join('\n');
    return `${name}() {
  local state
  local -a commands=(${described})
  _arguments -C \\
    ${[...specs, "'1:command:->command'", "'*::argument:->rest'"].join(' \\\n    ')}
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${calls}
      esac ;;
  esac
}`;
  });
  return `#compdef rffc
# zsh completion for rffc, made by \`rffc completion zsh\`
${functions.join('\n')}
# Found by compinit it is the function's body; sourced, it makes the function known.
if [[ $funcstack[1] == _rffc ]]; then _rffc "$@"; else compdef _rffc rffc; fi
`;
}

function fish(commands: readonly Known[]): string {
  const text = (about: string) => `'${about.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap(({ path, flags, values, below }) => {
    const words = path === '' ? [] : path.split(' ');
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const unless =
      below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.map((c) => c.name).join(' ')}`];
    const when = `complete -c rffc -n "${[...seen, ...unless].join('; and ')}"`;
    const own = flags.map(({ long, short, about, values }) => {
      const takes =
        values === undefined
          ? ''
          : values === 'file'
            ? ' -r -F'
            : values === 'folder'
              ? " -x -a '(__fish_complete_directories)'"
              : values === 'free'
                ? ' -x'
                : ` -x -a '${values.join(' ')}'`;
      return `${when} -l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ''}${takes} -d ${text(about)}`;
    });
    if (below.length > 0)
      return [...own, ...below.map(({ name, about }) => `${when} -a ${name} -d ${text(about)}`)];
    if (values === 'file') return [...own, `${when} -F`];
    if (values === 'folder') return [...own, `${when} -a '(__fish_complete_directories)'`];
    return values === 'free' || values.length === 0 ? own : [...own, `${when} -a '${values.join(' ')}'`];
  });
  return `# fish completion for rffc, made by \`rffc completion fish\`
complete -c rffc -f
${lines.join('\n')}
`;
}
