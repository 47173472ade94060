/**
 * What the grammar uses of Chevrotain. The package is hundreds of small modules, which take longer to load than all the
 * rest of the compiler: `npm run build` puts the package's own bundle in this module's place.
 */
export {
  createToken,
  EmbeddedActionsParser,
  EOF,
  isRecognitionException,
  Lexer,
  tokenMatcher,
} from 'chevrotain';
