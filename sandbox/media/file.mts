import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

const sample = readFileSync(join(import.meta.dirname, 'sample.mp4'));
const CHUNK = 64 * 1024;
const LARGE_BOX_HEADER = 16;

/** Padding whose bytes depend on their position, so that a gap or a swap changes the checksum. */
const pattern = Buffer.from(Array.from({ length: CHUNK }, (_, i) => (i * 31 + (i >> 8)) & 0xff));

/**
 * A video's file: its length, and a stream that holds one chunk in memory. Above the sample's size, it is
 * padded with a `free` box, so it still plays; below, it is truncated.
 * @param bytes `null` for the unchanged sample
 */
export function videoFile(bytes: number | null): { bytes: number; stream: () => Readable } {
  if (bytes === null || bytes < sample.length + LARGE_BOX_HEADER) {
    const file = sample.subarray(0, bytes ?? sample.length);
    return { bytes: file.length, stream: () => Readable.from([file]) };
  }
  return { bytes, stream: () => Readable.from(padded(bytes - sample.length)) };
}

function* padded(boxBytes: number): Generator<Buffer> {
  yield sample;
  yield freeBoxHeader(boxBytes);
  for (let left = boxBytes - LARGE_BOX_HEADER; left > 0; left -= CHUNK) {
    yield pattern.subarray(0, Math.min(CHUNK, left));
  }
}

/** An MP4 box header with a 64-bit size. A 32-bit size of 1 means that it follows the type. */
function freeBoxHeader(boxBytes: number): Buffer {
  const header = Buffer.alloc(LARGE_BOX_HEADER);
  header.writeUInt32BE(1, 0);
  header.write('free', 4, 'ascii');
  header.writeBigUInt64BE(BigInt(boxBytes), 8);
  return header;
}
