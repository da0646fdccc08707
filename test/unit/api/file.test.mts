import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  fileName,
  FIRST_BYTES,
  kindByType,
  linkStatus,
  sniffVideo,
  describeNonVideo,
} from '../../../nodes/ITeraBiz/api/file.ts';
import { root } from '../command.mts';

const bytes = (...parts: string[]) => Buffer.from(parts.join(''), 'latin1');
const box = (kind: string, brand = 'isom') => bytes('\0\0\0\x20', kind, brand, '\0\0\x02\0');
const ebml = (type: string) => bytes('\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01', 'B\x82\x84', type);

describe('The first bytes', () => {
  test.each([
    [box('ftyp'), 'mp4', 'video/mp4'],
    [box('ftyp', 'mp42'), 'mp4', 'video/mp4'],
    [box('ftyp', 'M4V '), 'mp4', 'video/mp4'],
    [box('ftyp', 'qt  '), 'mov', 'video/quicktime'],
    [box('moov'), 'mov', 'video/quicktime'],
    [box('mdat', 'heic'), 'mov', 'video/quicktime'],
    [ebml('webm'), 'webm', 'video/webm'],
    [ebml('matroska'), 'mkv', 'video/x-matroska'],
    [bytes('RIFF\x10\0\0\0AVI LIST'), 'avi', 'video/x-msvideo'],
    // A gigabyte, whose size reads like markup.
    [bytes('<abcmdat'), 'mov', 'video/quicktime'],
  ])('%j are those of %s', (first, extension, mimeType) => {
    expect(sniffVideo(first)).toEqual({ extension, mimeType });
    expect(describeNonVideo(first)).toBeUndefined();
  });

  test('of a real MP4 are those of one', () => {
    const sample = readFileSync(join(root, 'sandbox/media/sample.mp4')).subarray(0, FIRST_BYTES);
    expect(sniffVideo(sample)).toMatchObject({ extension: 'mp4' });
  });

  test.each<[Buffer | string, string | undefined]>([
    ['', 'an empty file'],
    [' \r\n', 'an empty file'],
    ['<!DOCTYPE html><title>Sign in</title><p>x', 'a web page ("Sign in")'],
    ['\uFEFF\n<html><body>No</body></html>', 'a web page'],
    [
      '<?xml version="1.0"?><Error><Message>It is over</Message></Error>',
      'an XML message ("It is over")',
    ],
    [bytes('<html><p>Gr\xFC\xDFe, in Latin-1'), 'a web page'],
    ['{"error":{"message":"Gone"}}', 'a JSON message ("Gone")'],
    ['[]', 'a JSON message'],
    [`{"error":"${'x'.repeat(5_000)}`, 'a JSON message'],
    ['Not Found', 'a text ("Not Found")'],
    ['a<b> \u0001', undefined],
    ['Two\nlines', 'a text ("Two lines")'],
    ['Long '.repeat(50), `a text ("${'Long '.repeat(20)}")`],
    [bytes('x'.repeat(200), '\xE2\x82'), `a text ("${'x'.repeat(100)}")`],
    [bytes('RIFF\x10\0\0\0WAVE'), undefined],
    [bytes('LIST\x10\0\0\0AVI '), undefined],
    ['Grüße', 'a text ("Grüße")'],
    [bytes('\xFF\xD8\xFF\xE0\0\x10JFIF'), 'a picture'],
    [bytes('\x89PNG\r\n\x1A\n'), 'a picture'],
    [bytes('\0\xFF\xD8\xFF\xE0'), undefined],
    [bytes('\x47\x40\0\x10\0\0\xB0\x0D'), undefined],
  ])('%j are those of %j', (first, instead) => {
    const given = typeof first === 'string' ? Buffer.from(first) : first;
    expect(describeNonVideo(given)).toBe(instead);
    expect(sniffVideo(given)).toBeUndefined();
  });
});

test.each([
  ['video/webm', 'webm'],
  ['video/quicktime ; codecs=avc1', 'mov'],
  ['video/x-msvideo', 'avi'],
  ['Video/X-Matroska', 'mkv'],
  ['video/mp4', 'mp4'],
  ['application/octet-stream', 'mp4'],
  ['binary/octet-stream', 'mp4'],
  ['application/force-download', 'mp4'],
  ['', 'mp4'],
  [undefined, 'mp4'],
])('the type %j stands for %s', (type, extension) => {
  expect(kindByType(type).extension).toBe(extension);
});

test.each([
  ['', 'mp4', 'video_1.mp4'],
  ['   ', 'mp4', 'video_1.mp4'],
  [' .mp4', 'mp4', 'video_1.mp4'],
  ['.MOV', 'mp4', 'video_1.MOV'],
  ['.tea', 'mp4', 'video_1.tea.mp4'],
  ['Welcome', 'mp4', 'Welcome.mp4'],
  [' Welcome ', 'webm', 'Welcome.webm'],
  ['Welcome.mp4', 'mp4', 'Welcome.mp4'],
  ['Welcome.MOV', 'mp4', 'Welcome.MOV'],
  ['Newsletter 12.05.2026', 'mp4', 'Newsletter 12.05.2026.mp4'],
  ['Visit example.com', 'mp4', 'Visit example.com.mp4'],
  ['v1.2 final', 'mp4', 'v1.2 final.mp4'],
  ['Teil 1. Start', 'mp4', 'Teil 1. Start.mp4'],
  ['a.b', 'mp4', 'a.b.mp4'],
  ['a.ts', 'mp4', 'a.ts'],
  ['a.webm', 'mp4', 'a.webm'],
  ['a.movie', 'mp4', 'a.movie.mp4'],
  ['../../etc/passwd', 'mp4', '.._.._etc_passwd.mp4'],
  ['C:\\x*?"<>|y.mp4', 'mp4', 'C__x______y.mp4'],
  ['two\nlines\u0000', 'mp4', 'two_lines_.mp4'],
  ['Grüße 日本', 'mp4', 'Grüße 日本.mp4'],
  ['Jose\u0301', 'mp4', 'José.mp4'],
])('"%s" with the ending %s is called %s', (chosen, extension, expected) => {
  expect(fileName(chosen, 'video_1', extension)).toBe(expected);
});

describe('A download link', () => {
  test.each([
    [200, 'ok'],
    [300, 'moved'],
    [399, 'moved'],
    [307, 'moved'],
    [401, 'expired'],
    [403, 'notReadyYet'],
    [410, 'expired'],
    [202, 'notReadyYet'],
    [204, 'notReadyYet'],
    [404, 'notReadyYet'],
    [425, 'notReadyYet'],
    [429, 'notReadyYet'],
    [500, 'notReadyYet'],
    [503, 'notReadyYet'],
    [520, 'notReadyYet'],
    [206, 'refused'],
    [400, 'refused'],
    [418, 'refused'],
  ])('that answers %i is %s', (status, meaning) => expect(linkStatus(status)).toBe(meaning));

  test('may tell in words that it has expired', () => {
    const google =
      "<?xml version='1.0'?><Error><Code>ExpiredToken</Code><Message>Invalid argument.</Message></Error>";
    expect(linkStatus(400, google)).toBe('expired');
    expect(linkStatus(400, 'Invalid token')).toBe('expired');
    expect(linkStatus(400, 'InvalidToken')).toBe('expired');
    expect(linkStatus(418, google)).toBe('refused');
    expect(linkStatus(400, '<Error><Code>InvalidArgument</Code></Error>')).toBe('refused');
  });
});
