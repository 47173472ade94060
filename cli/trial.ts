/**
 * A sweep's child process: `rffc` that exits with its parent, however that ends, so that nothing keeps
 * writing to a run's folder when the sweep is started again.
 */
import { main } from './main.js';

process.once('disconnect', () => process.exit(1));
// The listener must not keep a finished process alive.
process.channel?.unref();
process.exitCode = await main(process.argv.slice(2));
