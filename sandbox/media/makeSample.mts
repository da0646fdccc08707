/**
 * Draws sample.mp4, the file of every completed video: three seconds of a humming presenter, drawn here.
 * Run once, with ffmpeg: `npx tsx sandbox/media/makeSample.mts`
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const WIDTH = 640;
const HEIGHT = 360;
const SECONDS = 3;
const RATE = 25;

interface Shape {
  /** An ffmpeg expression in X, Y and T that is true inside the shape. */
  inside: string;
  color: [red: number, green: number, blue: number];
}

const ellipse = (x: number, y: number, width: string, height: string) =>
  `lt(hypot((X-${x})/(${width}),(Y-${y})/(${height})),1)`;

/** From front to back. The mouth opens and closes. */
const shapes: Shape[] = [
  { inside: ellipse(320, 148, '18', '2+9*abs(sin(9*T))'), color: [120, 30, 40] },
  { inside: ellipse(298, 112, '5', '6'), color: [40, 40, 40] },
  { inside: ellipse(342, 112, '5', '6'), color: [40, 40, 40] },
  { inside: ellipse(320, 124, '58', '62'), color: [253, 227, 207] },
  { inside: ellipse(320, 352, '160', '128'), color: [255, 255, 255] },
];

const channel = (name: 'r' | 'g' | 'b', index: number) =>
  shapes.reduceRight(
    (behind, { inside, color }) => `if(${inside},${color[index]},${behind})`,
    `${name}(X,Y)`,
  );

const background = `gradients=size=${WIDTH}x${HEIGHT}:rate=${RATE}:duration=${SECONDS}:c0=0x4338ca:c1=0x06b6d4:speed=0.02:seed=1`;
const drawing = `format=gbrp,geq=r='${channel('r', 0)}':g='${channel('g', 1)}':b='${channel('b', 2)}'`;
const voice = `sine=frequency=196:beep_factor=3:duration=${SECONDS}:sample_rate=44100,tremolo=f=2.9:d=0.8`;

// oxfmt-ignore
execFileSync('ffmpeg', [
  '-hide_banner', '-loglevel', 'error', '-y',
  '-f', 'lavfi', '-i', `${background},${drawing}`,
  '-f', 'lavfi', '-i', voice,
  '-c:v', 'libx264', '-preset', 'slow', '-crf', '20', '-pix_fmt', 'yuv420p',
  '-c:a', 'aac', '-b:a', '96k', '-ac', '1',
  '-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact',
  '-movflags', '+faststart',
  join(import.meta.dirname, 'sample.mp4'),
]);
