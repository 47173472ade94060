/** Data sets: loading, describing, downloading. */

export { type Augment, augmenter } from './augment.js';
export { dataCodes } from './codes.js';
export type { DataOptions, Dataset, DatasetDescription, Split } from './dataset.js';
export { type FetchOptions, type FetchProgress, fetchDataset } from './fetch.js';
export { dataFolder } from './folders.js';
export { type DatasetListing, datasetList } from './list.js';
export { describeDataset, loadDataset } from './load.js';
