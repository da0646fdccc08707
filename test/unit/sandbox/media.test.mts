import { createHash } from 'node:crypto';
import { videoFile } from '../../../sandbox/media/file.mts';

async function contentOf(bytes: number | null): Promise<Buffer> {
  return Buffer.concat(await videoFile(bytes).stream().toArray());
}

/** The top-level boxes of an MP4 file: type and size. */
function boxesOf(file: Buffer): [type: string, size: number][] {
  const boxes: [string, number][] = [];
  for (let at = 0; at < file.length;) {
    const short = file.readUInt32BE(at);
    const size = short === 1 ? Number(file.readBigUInt64BE(at + 8)) : short;
    boxes.push([file.toString('ascii', at + 4, at + 8), size]);
    at += size;
  }
  return boxes;
}

it('the sample is an MP4 with a picture track and a sound track', async () => {
  const file = await contentOf(null);
  expect(boxesOf(file).map(([type]) => type)).toEqual(['ftyp', 'moov', 'free', 'mdat']);
  for (const part of ['vide', 'avc1', 'soun', 'mp4a']) expect(file.includes(part)).toBe(true);
  expect(file.length).toBeLessThan(200_000);
});

it.each([100_000, 1_000_000, 3_333_333])('a file of %i bytes is still an MP4', async (bytes) => {
  const file = await contentOf(bytes);
  expect(file).toHaveLength(bytes);
  expect(videoFile(bytes).bytes).toBe(bytes);
  const boxes = boxesOf(file);
  expect(boxes.at(-1)![0]).toBe('free');
  expect(boxes.reduce((sum, [, size]) => sum + size, 0)).toBe(bytes);
});

it.each([0, 1, 1_000])('a file of %i bytes is the beginning of the sample', async (bytes) => {
  expect(await contentOf(bytes)).toEqual((await contentOf(null)).subarray(0, bytes));
});

it('is the same each time', async () => {
  const digest = async () =>
    createHash('sha256')
      .update(await contentOf(500_000))
      .digest('hex');
  expect(await digest()).toBe(await digest());
});

it('holds a small part in memory, whatever its size', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let bytes = 0;
  let most = 0;
  for await (const chunk of videoFile(300_000_000).stream()) {
    bytes += chunk.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(bytes).toBe(300_000_000);
  expect(most).toBeLessThan(5_000_000);
});
