/** README says what the messages mean: each beginning that it quotes is one that a user can meet. */
import type { IContextObject, IDataObject } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import { BadInput, checkBody } from '../../../nodes/ITeraBiz/orders/validate.ts';
import { halt } from '../../../nodes/ITeraBiz/run/halt.ts';
import type { Item } from '../../../nodes/ITeraBiz/run/item.ts';
import { tooMuch } from '../../../nodes/ITeraBiz/orders/plan.ts';
import {
  describeNetworkError,
  describeRefusal,
  describeStrangeAnswer,
} from '../../../nodes/ITeraBiz/messages/answers.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { describeInterrupted } from '../../../nodes/ITeraBiz/waiting/parked/park.ts';
import { describeExtent, describeUnclear } from '../../../nodes/ITeraBiz/orders/reuse.ts';
import { submit } from '../../../nodes/ITeraBiz/orders/submit.ts';
import { describeEnd } from '../../../nodes/ITeraBiz/waiting/wait.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';
import { read, section, table } from './markdown.mts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';

const doing = 'create the video';
const accepted = () => answered({ id: 'video_1' });

function ofField(body: IDataObject): string {
  try {
    checkBody(body);
  } catch (error) {
    if (error instanceof BadInput) return error.message;
  }
  throw new Error('There is nothing wrong with it');
}

const ofStatus = (status: number, message: string, id?: string) =>
  describeRefusal({ status, headers: {}, body: { error: { message } } }, { doing, id }).message;

const ofNetworkError = (maybeSent: boolean) =>
  describeNetworkError(new NetworkError('ECONNRESET', maybeSent, ''), { doing }).message;

const ofEnd = (reason: 'finished' | 'gaveUp', status: string) =>
  describeEnd({ reason, video: { status } }, 'video_1', 60)!.message;

/** What is said of the last of some submissions of the same thing, each answered so. */
async function ofSubmission(...answers: Answering[]): Promise<string> {
  const book: IContextObject = {};
  let said = 'nothing';
  for (const answer of answers) {
    const { context } = fakeContext({ answer });
    Object.assign(context, { getContext: () => book, evaluateExpression: () => 0 });
    const prepared = { method: 'POST' as const, url: '/videos', body: {} };
    const run = new NodeRun(1, 0, async () => new Account(), 1);
    const item: Item = { context, index: 0, run, prepared };
    await submit(item, doing).catch((error: Error) => (said = error.message));
  }
  return said;
}

function ofHalt(message: string): string {
  const { context } = fakeContext();
  const run = new NodeRun(1, 0, async () => new Account(), 1);
  halt(run, 0, new NodeApiError(context.getNode(), { message }, { message }));
  return run.halted!.message;
}

const said: Record<string, () => string | Promise<string>> = {
  'a wrong key': () => ofStatus(401, 'Invalid API key'),
  'no credits': () => ofStatus(402, 'There are no credits left'),
  'what the key may not do': () => ofStatus(403, 'This avatar is not yours'),
  'a ceiling': () => tooMuch(new Map([[0, 30]]), { videos: Infinity, seconds: 20 })!.message,
  'an item that was not sent': () => ofHalt(ofStatus(401, 'Invalid API key')),
  'an empty field': () => ofField({ script: ' ' }),
  'a wrong value': () => ofField({ duration: 'abc' }),
  'a field that iTeraBiz refuses': () => ofStatus(422, 'duration must be at most 120'),
  'an unknown ID': () => ofStatus(404, 'No such video', 'video_1'),
  'too many requests': () => ofStatus(429, 'Slow down'),
  'a fault': () => ofStatus(500, 'Internal error'),
  'no connection': () => ofNetworkError(false),
  'a broken connection': () => ofNetworkError(true),
  'a web page': () =>
    describeStrangeAnswer({ status: 200, headers: {}, body: '<html>' }, { doing }).message,
  'a failed video': () => ofEnd('finished', 'failed'),
  'a video that takes too long': () => ofEnd('gaveUp', 'processing'),
  'a wait whose end n8n did not live to see': () => describeInterrupted('video_1').message,
  'a list that says too little': () => describeUnclear('video_1').message,
  'a list that is too long': () => describeExtent('tooLong').message,
  'a list that goes in circles': () => describeExtent('stuck').message,
  'a submission without an answer': async () => await ofSubmission(() => connectionReset),
  'a second try of that submission': async () =>
    await ofSubmission(() => connectionReset, accepted),
  'a submission with half an answer': async () => await ofSubmission(() => answered('{"id')),
  'a submission that a web page answers': async () =>
    await ofSubmission(() => answered('<html>Sign in</html>')),
};

const quoted = table(section(read('README.md'), 'What the messages mean'), 'Message begins')
  .flatMap((row) => [...row['Message begins'].matchAll(/_([^_]+)_/g)])
  .map(([, beginning]) => beginning);

/** Three dots in a quotation stand for what differs from one message to the next. */
function begins(message: string, beginning: string): boolean {
  const parts = beginning.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}`).test(message);
}

test.each(quoted)('"%s" is how a message begins', async (beginning) => {
  const messages = await Promise.all(Object.values(said).map(async (message) => await message()));
  expect(messages.filter((message) => begins(message, beginning))).not.toEqual([]);
});

test.each(Object.keys(said))('README says what to do about %s', async (name) => {
  const message = await said[name]();
  expect(quoted.filter((beginning) => begins(message, beginning))).not.toEqual([]);
});
