import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { noMnist, realMnist } from '../../test/support/mnist-files.js';
import { describeUnless } from '../../test/support/needs.js';
import { fetchDataset } from './fetch.js';

// The real files, as on a mirror; without them there is nothing to serve with the right checksum.
const mnist = realMnist();
const NAMES = [
  'train-images-idx3-ubyte.gz',
  'train-labels-idx1-ubyte.gz',
  't10k-images-idx3-ubyte.gz',
  't10k-labels-idx1-ubyte.gz',
];
const LABELS = 't10k-labels-idx1-ubyte.gz';

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const whole: Answer = (_, response, body) =>
  response.writeHead(200, { 'content-length': body.length }).end(body);
const ranged: Answer = (request, response, body) => {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start === 0) return whole(request, response, body);
  if (start >= body.length) return response.writeHead(416).end();
  const rest = body.subarray(start);
  const range = `bytes ${start}-${body.length - 1}/${body.length}`;
  return response.writeHead(206, { 'content-length': rest.length, 'content-range': range }).end(rest);
};
/** Gives half of what is asked for, then drops the line. */
const dropping: Answer = (request, response, body) => {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = body.subarray(start);
  const headers = {
    'content-length': rest.length,
    'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
  };
  response.writeHead(start ? 206 : 200, headers);
  response.write(rest.subarray(0, rest.length >> 1), () => setTimeout(() => response.destroy(), 20));
};

describe('fetchDataset', () => {
  let folder: string;
  const servers: Server[] = [];
  let requests: { url: string; range: string | undefined }[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rffc-fetch-'));
    requests = [];
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
    await rm(folder, { recursive: true });
  });

  /** A mirror on this machine; `answer` is what it does with the true bytes of a file. */
  async function mirror(
    answer: (name: string, count: number) => Answer,
    files?: Map<string, Buffer>,
  ): Promise<string> {
    const counts = new Map<string, number>();
    const server = createServer(async (request, response) => {
      const name = request.url!.slice('/mnist/'.length);
      requests.push({ url: request.url!, range: request.headers.range });
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      answer(name, count)(request, response, files?.get(name) ?? (await readFile(join(mnist!, name))));
    });
    servers.push(server);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mnist/`;
  }

  const rejection = async (work: Promise<unknown>): Promise<RffcError> => {
    const error = await work.then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(RffcError);
    return error as RffcError;
  };

  describeUnless(noMnist, 'with the real files', () => {
    it('downloads and verifies missing files, and none the second time', async () => {
      const seen = new Map<string, number>();
      const options = { dataDir: folder, mirrors: [await mirror(() => ranged)] };
      const first = await fetchDataset('mnist', {
        ...options,
        onProgress: (p) => seen.set(p.file, p.received),
      });
      expect(first).toEqual({ folder: join(folder, 'mnist'), downloaded: NAMES });
      expect((await readdir(first.folder)).sort()).toEqual([...NAMES].sort());
      for (const name of NAMES) {
        const bytes = await readFile(join(first.folder, name));
        expect(bytes.equals(await readFile(join(mnist!, name)))).toBe(true);
        expect(seen.get(name)).toBe(bytes.length);
      }
      requests = [];
      expect((await fetchDataset('row_mnist', options)).downloaded).toEqual([]);
      expect((await fetchDataset('moving_mnist', options)).downloaded).toEqual([]);
      expect(requests).toEqual([]);
    });

    it('resumes an interrupted download', async () => {
      const options = {
        dataDir: folder,
        mirrors: [await mirror((_, count) => (count === 0 ? dropping : ranged))],
      };
      await fetchDataset('mnist', options);
      const labels = requests.filter(({ url }) => url.endsWith(LABELS));
      const size = (await readFile(join(mnist!, LABELS))).length;
      expect(labels.map(({ range }) => range)).toEqual([undefined, `bytes=${size >> 1}-`]);
    });

    it('keeps the part when every attempt is interrupted, and resumes from it', async () => {
      const error = await rejection(
        fetchDataset('mnist', { dataDir: folder, mirrors: [await mirror(() => dropping)] }),
      );
      expect(error.diagnostics[0]!.code).toBe('RFF620');
      expect(await readdir(join(folder, 'mnist'))).toEqual(['train-images-idx3-ubyte.gz.part']);
      requests = [];
      await fetchDataset('mnist', { dataDir: folder, mirrors: [await mirror(() => ranged)] });
      expect(requests[0]!.range).toMatch(/^bytes=\d{6,}-$/);
      expect((await readdir(join(folder, 'mnist'))).sort()).toEqual([...NAMES].sort());
    });

    it('starts over if the mirror does not support ranges', async () => {
      await fetchDataset('mnist', {
        dataDir: folder,
        mirrors: [await mirror((_, count) => (count === 0 ? dropping : whole))],
      });
      expect((await readdir(join(folder, 'mnist'))).sort()).toEqual([...NAMES].sort());
    });

    it('discards a part of another file, and a damaged file', async () => {
      const options = { dataDir: folder, mirrors: [await mirror(() => ranged)] };
      const { folder: target } = await fetchDataset('mnist', options);
      const path = join(target, LABELS);
      await rm(path);
      await writeFile(`${path}.part`, 'a page that says please log in');
      await writeFile(join(target, NAMES[1]!), 'damaged');
      expect((await fetchDataset('mnist', options)).downloaded).toEqual([NAMES[1], LABELS]);
      expect((await readFile(path)).equals(await readFile(join(mnist!, LABELS)))).toBe(true);
    });

    it('tries the next mirror if one fails or has another file', async () => {
      const missing = await mirror(() => (_, response) => response.writeHead(404).end());
      const altered = gunzipSync(await readFile(join(mnist!, LABELS)));
      altered[100] = (altered[100]! + 1) % 10;
      const wrong = await mirror(() => ranged, new Map([[LABELS, gzipSync(altered)]]));
      const right = await mirror(() => ranged);
      const { folder: target } = await fetchDataset('mnist', {
        dataDir: folder,
        mirrors: [missing, wrong, right],
      });
      expect((await readFile(join(target, LABELS))).equals(await readFile(join(mnist!, LABELS)))).toBe(true);
    });
  });

  it('rejects a wrong checksum, with each mirror’s error', async () => {
    const header = Buffer.from([0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28]);
    const zeros = gzipSync(Buffer.concat([header, Buffer.alloc(60_000 * 784)]), { level: 1 });
    const blank = await mirror(() => whole, new Map([[NAMES[0]!, zeros]]));
    const short = await mirror(() => whole, new Map([[NAMES[0]!, gzipSync('short')]]));
    const { message } = await rejection(fetchDataset('mnist', { dataDir: folder, mirrors: [blank, short] }));
    expect(message).toContain(`${blank}: wrong SHA-256`);
    expect(message).toContain(`${short}: 5 bytes decompressed: expected 47040016`);
    expect(await readdir(join(folder, 'mnist'))).toEqual([]);
  });

  it('says why nothing was downloaded: no connection, or no such data set', async () => {
    const gone = await mirror(() => whole);
    servers[0]!.closeAllConnections();
    await new Promise((closed) => servers.pop()!.close(closed));
    const { message } = await rejection(fetchDataset('mnist', { dataDir: folder, mirrors: [gone] }));
    expect(message).toMatch(/could not download train-images-idx3-ubyte\.gz: .*ECONNREFUSED/);
    expect((await rejection(fetchDataset('digits', { dataDir: folder }))).diagnostics[0]!.code).toBe(
      'RFF600',
    );
    await writeFile(join(folder, 'file'), '');
    expect((await rejection(fetchDataset('mnist', { dataDir: join(folder, 'file') }))).message).toMatch(
      /cannot create folder/,
    );
  });
});
