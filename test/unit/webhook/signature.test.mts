import { createHmac } from 'node:crypto';
import { signatureProblem } from '../../../nodes/ITeraBiz/webhook/authenticity.ts';

const secret = 'whsec_test';
const body = Buffer.from('{"type":"video.completed"}');
const now = 1_736_937_000;
const sign = (time: number | string, bytes = body) =>
  `t=${time},v1=${createHmac('sha256', secret).update(`${time}.`).update(bytes).digest('hex')}`;
const problem = (header: unknown, bytes: Buffer | undefined = body) =>
  signatureProblem(header, bytes, secret, now * 1000);

test('the assumed scheme, on a vector that was computed elsewhere', () => {
  // printf '1736937000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
  const digest = 'e795717fe26dcab18340b64f48bb42ac4aa72bcd7ea967484ea60528d4cda754';
  expect(problem(`t=${now},v1=${digest}`, Buffer.from('{"a":1}'))).toBeUndefined();
});

test('counts bytes, not characters', () => {
  const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
  expect(problem(sign(now, bytes), bytes)).toBeUndefined();
  expect(problem(sign(now, Buffer.from(bytes.toString('utf8'))), bytes)).toBe(
    'its signature is wrong',
  );
});

test.each([
  [0, true],
  [-300, true],
  [300, true],
  [-301, false],
  [301, false],
])('a signature %i seconds away', (seconds, holds) => {
  const result = problem(sign(now + seconds));
  if (holds) expect(result).toBeUndefined();
  else expect(result).toMatch(/not of the last five minutes/);
});

const zeros = '0'.repeat(64);
test.each([
  ['of two, where the first is right', `${sign(now)},v1=${zeros}`],
  ['of two, where the second is right', sign(now).replace(',', `,v1=${zeros},`)],
  ['with blanks after its commas', sign(now).replace(',', `,  v1=${zeros}, `)],
])('a header %s, holds', (_case, header) => {
  expect(problem(header)).toBeUndefined();
});

test.each([
  ['of two that are wrong', `t=${now},v1=${zeros},v1=${zeros}`, 'its signature is wrong'],
  ['with two times', `t=${now},${sign(now)}`, 'its signature cannot be read'],
  ['with another kind of signature', `${sign(now)},v0=${zeros}`, 'its signature cannot be read'],
  ['missing', undefined, 'it is not signed'],
  ['a list of two', [sign(now), sign(now)], 'its signature cannot be read'],
  ['empty', '', 'its signature cannot be read'],
  ['joined of two', `${sign(now)}, ${sign(now)}`, 'its signature cannot be read'],
  ['with something behind it', `${sign(now)}0`, 'its signature cannot be read'],
  ['with something before it', ` ${sign(now)}`, 'its signature cannot be read'],
  ['with a line break behind it', `${sign(now)}\n`, 'its signature cannot be read'],
  ['wrong in one digit', flipLast(sign(now)), 'its signature is wrong'],
])('a header that is %s', (_case, header, expected) => {
  expect(problem(header)).toBe(expected);
});

test('a body whose bytes are unknown is never taken for signed', () => {
  expect(signatureProblem(sign(now), undefined, secret, now * 1000)).toMatch(/cannot be checked/);
});

function flipLast(header: string): string {
  return header.slice(0, -1) + (header.endsWith('0') ? '1' : '0');
}
