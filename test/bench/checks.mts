/** The checks that each incoming event goes through before anything is asked or started. */
import { createHmac } from 'node:crypto';

import { readEvent } from '../../nodes/ITeraBiz/api/events.ts';
import { isToken, signatureProblem, tokenOf } from '../../nodes/ITeraBiz/webhook/authenticity.ts';

const secret = 'bench';
const token = tokenOf('bench-key', Date.now());
const body = Buffer.from(
  JSON.stringify({
    id: 'evt_1',
    type: 'video.completed',
    created_at: new Date().toISOString(),
    data: { id: 'video_1', status: 'completed', script: 'Hello', duration: 30 },
  }),
);
const time = Math.floor(Date.now() / 1_000);
const signature = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');

/** @throws when a check refuses what is right, so that no time is taken of checks that do nothing */
export function checkEvents(repeats: number): void {
  for (let repeat = 0; repeat < repeats; repeat++) {
    const isGood =
      isToken(token, token) &&
      signatureProblem(`t=${time},v1=${signature}`, body, secret) === undefined &&
      'unverified' in readEvent(JSON.parse(body.toString('utf8')));
    if (!isGood) throw new Error('A genuine event was refused');
  }
}
