/**
 * The published data sets in IDX files: names, mirrors and checksums of their files.
 * are the true ones.
 */

/** The four roles of files, in the order they are read. */
export const ROLES = ['train-images', 'train-labels', 't10k-images', 't10k-labels'] as const;
export type Role = (typeof ROLES)[number];

export interface KnownFile {
  /** The mirrors' name without `.gz`. */
  readonly name: string;
  /** Of the decompressed bytes. */
  readonly bytes: number;
  /** Of the decompressed bytes, as repacking changes .gz files. */
  readonly sha256: string;
}

export interface KnownDataset {
  readonly files: Readonly<Record<Role, KnownFile>>;
  /** URLs of folders with the .gz files, tried in order. */
  readonly mirrors: readonly string[];
}

const IMAGE_HEADER = 16;
const LABEL_HEADER = 8;

function file(role: Role, sha256: string): KnownFile {
  const count = role.startsWith('train') ? 60_000 : 10_000;
  const images = role.endsWith('images');
  return {
    name: `${role}-idx${images ? 3 : 1}-ubyte`,
    bytes: images ? IMAGE_HEADER + count * 28 * 28 : LABEL_HEADER + count,
    sha256,
  };
}

export const KNOWN: Readonly<Record<'mnist' | 'fashion_mnist', KnownDataset>> = {
  mnist: {
    files: {
      'train-images': file(
        'train-images',
        'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      ),
      'train-labels': file(
        'train-labels',
        '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      ),
      't10k-images': file('t10k-images', '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7'),
      't10k-labels': file('t10k-labels', 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2'),
    },
    mirrors: [
      'https://ossci-datasets.s3.amazonaws.com/mnist/',
      'https://storage.googleapis.com/cvdf-datasets/mnist/',
    ],
  },
  fashion_mnist: {
    files: {
      'train-images': file(
        'train-images',
        'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      ),
      'train-labels': file(
        'train-labels',
        'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      ),
      't10k-images': file('t10k-images', '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b'),
      't10k-labels': file('t10k-labels', '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34'),
    },
    mirrors: ['http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/'],
  },
};

export type KnownName = keyof typeof KNOWN;

export function isKnown(name: string): name is KnownName {
  return Object.hasOwn(KNOWN, name);
}
