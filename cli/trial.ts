/**
 * A process of a sweep: `rffc` that ends with the one that started it, however that one ends, so that nothing goes on
 * writing into a run's folder when the sweep is called again.
 */
import { main } from './main.js';

process.once('disconnect', () => process.exit(1));
// Listening would keep a process alive that has nothing left to do.
process.channel?.unref();
process.exitCode = await main(process.argv.slice(2));
