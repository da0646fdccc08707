import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { FIRST_BYTES } from '../../../nodes/ITeraBiz/api/file.ts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { discard, firstBytesOf, unlessStalled } from '../../../nodes/ITeraBiz/client/file.ts';

const open = () => new Readable({ read: () => undefined });
/** Gives one chunk at a time, and has no end of its own. */
const openWith = (...chunks: string[]) =>
  new Readable({
    highWaterMark: 1,
    read() {
      const chunk = chunks.shift();
      if (chunk) this.push(chunk);
    },
  });
const broken = () =>
  new Readable({
    read() {
      this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    },
  });

describe('The first bytes of a file', () => {
  test.each([
    ['in one chunk', ['x'.repeat(FIRST_BYTES)]],
    ['in several', ['x'.repeat(FIRST_BYTES - 1), 'y']],
  ])('are there before the rest is, and nothing is lost: %s', async (_, chunks) => {
    const stream = openWith(...chunks);
    const { first, rest } = await firstBytesOf(stream);
    expect(first.toString()).toBe(chunks.join(''));
    expect(rest).toBe(stream);
    stream.push('the rest');
    stream.push(null);
    expect((await buffer(stream)).toString()).toBe(`${chunks.join('')}the rest`);
  });

  test('are all bytes of a short one', async () => {
    const { first, rest } = await firstBytesOf(Readable.from([Buffer.from('a'), Buffer.from('b')]));
    expect([first, rest]).toEqual([Buffer.from('ab'), Buffer.from('ab')]);
  });

  test('do not come where the connection breaks', async () => {
    const reading = firstBytesOf(broken());
    await expect(reading).rejects.toThrow(NetworkError);
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

test.each([['whole', openWith('x'.repeat(1_000))] as const, ['broken', broken()] as const])(
  'a file that nobody wants is read from, and closed: %s',
  async (_, stream) => {
    const read = jest.spyOn(stream, 'iterator');
    await discard(stream);
    expect([stream.destroyed, read.mock.calls.length]).toEqual([true, 1]);
  },
);

describe('A task that reads a file', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** A task that is pending until `end` is called. */
  function reading(stream: Readable) {
    const stop = jest.fn();
    let end!: (value: string) => void;
    const task = new Promise<string>((resolve) => (end = resolve));
    return { stop, end, result: unlessStalled(stream, 1_000, stop, async () => await task) };
  }

  test('is stopped after so long without a chunk', async () => {
    const stream = open();
    const { stop } = reading(stream);
    await jest.advanceTimersByTimeAsync(900);
    expect(stream.push('a chunk')).toBe(true);
    await jest.advanceTimersByTimeAsync(999);
    expect(stop).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(stop).toHaveBeenCalledTimes(1);
    expect(String(stream.read())).toBe('a chunk');
  });

  test('is not stopped once it is done', async () => {
    const { stop, end, result } = reading(open());
    end('stored');
    expect(await result).toBe('stored');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(stop).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('keeps its error', async () => {
    const failing = async () => await Promise.reject(new Error('disk full'));
    await expect(unlessStalled(open(), 1_000, jest.fn(), failing)).rejects.toThrow('disk full');
  });
});
