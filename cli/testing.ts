/** Calls the commands as a user does, in this process with captured output: files in, text and exit codes out. */
import type { Io } from './io.js';
import { main } from './main.js';

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An `Io` that stands in `folder`, in parts another if `more` says so, and what has been written to it. */
export function captured(
  folder: string,
  more: Partial<Io> = {},
): { io: Io; text: () => Omit<Called, 'code'> } {
  let out = '';
  let err = '';
  const io: Io = {
    cwd: folder,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    terminal: false,
    columns: () => 100,
    colour: false,
    command: 'rffc',
    onInterrupt: () => () => {},
    unread: () => false,
    ...more,
  };
  return { io, text: () => ({ out, err }) };
}

/**
 * A caller of `rffc` that stands in `folder`; what it calls may have another `Io` in parts, to hear Ctrl-C for example.
 */
export function callerIn(folder: string): (argv: readonly string[], more?: Partial<Io>) => Promise<Called> {
  return async (argv, more) => {
    const { io, text } = captured(folder, more);
    const code = await main(argv, io);
    return { code, ...text() };
  };
}
