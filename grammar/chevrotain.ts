/**
 * The parts of Chevrotain that the grammar uses. The package consists of hundreds of small modules, which take longer
 * to load than the rest of the compiler, so `npm run build` replaces this module with the package's own bundle.
 */
export {
  createToken,
  EmbeddedActionsParser,
  EOF,
  isRecognitionException,
  Lexer,
  tokenMatcher,
} from 'chevrotain';
