import { fileName } from '../../../nodes/ITeraBiz/transport/download.ts';

test.each([
  ['', 'video_1', 'video/mp4', 'video_1.mp4'],
  ['   ', 'video_1', 'video/mp4', 'video_1.mp4'],
  ['Welcome', 'video_1', 'video/mp4', 'Welcome.mp4'],
  [' Welcome ', 'video_1', 'video/webm', 'Welcome.webm'],
  ['Welcome', 'video_1', 'video/quicktime', 'Welcome.mov'],
  ['Welcome', 'video_1', 'video/x-matroska', 'Welcome.mkv'],
  ['Welcome.mp4', 'video_1', 'video/mp4', 'Welcome.mp4'],
  ['Welcome.MOV', 'video_1', 'video/mp4', 'Welcome.MOV'],
  ['v1.2 final', 'video_1', 'video/mp4', 'v1.2 final.mp4'],
  ['Teil 1. Start', 'video_1', 'video/mp4', 'Teil 1. Start.mp4'],
  ['a.b', 'video_1', 'video/mp4', 'a.b.mp4'],
  ['a.ts', 'video_1', 'video/mp4', 'a.ts'],
  ['a.webm', 'video_1', 'video/mp4', 'a.webm'],
  ['a.movie', 'video_1', 'video/mp4', 'a.movie.mp4'],
  ['../../etc/passwd', 'video_1', 'video/mp4', '.._.._etc_passwd.mp4'],
  ['C:\\x*?"<>|y.mp4', 'video_1', 'video/mp4', 'C__x______y.mp4'],
  ['two\nlines\u0000', 'video_1', 'video/mp4', 'two_lines_.mp4'],
  ['Grüße 日本', 'video_1', 'video/mp4', 'Grüße 日本.mp4'],
])('"%s" for video %s of type %s is called %s', (chosen, id, type, expected) => {
  expect(fileName(chosen, id, type)).toBe(expected);
});
