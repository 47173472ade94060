/**
 * How a command comes into the command line: each file here says what one takes, and what it does is loaded when it is
 * called, so that help and the compiler start without a tensor library.
 */
import type { Command } from 'commander';
import type { Io } from '../io.js';

/** Adds a command to `program`; called, it hands its exit code to `done`. */
export type AddCommand = (program: Command, io: Io, done: (code: number) => void) => void;
