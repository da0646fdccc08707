import type { IDataObject, INode } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import { describeNetworkError, describeRefusal } from '../../../nodes/ITeraBiz/messages/answers.ts';
import { toNodeError } from '../../../nodes/ITeraBiz/messages/message.ts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';

const doing = 'create the video';
const said = (message: string) => ({ error: { code: 'x', message } });

function refusal(
  status: number,
  body: unknown = said('Because'),
  more: { id?: string; tries?: number; seconds?: number; headers?: IDataObject } = {},
) {
  const { headers = {}, ...subject } = more;
  return describeRefusal({ status, headers, body }, { doing, ...subject });
}

describe('A refusal', () => {
  test('with status 401 is about the key', () => {
    const status = 401;
    expect(refusal(status)).toEqual({
      message: 'iTeraBiz does not accept the API key of this credential',
      description: `Compare the key with the one in your iTeraBiz dashboard, or create a new key there, and save it in the credential. iTeraBiz says: Because (status ${status}).`,
    });
  });

  test.each([400, 422])('with status %i names the field as the editor does', (status) => {
    expect(refusal(status, said('avatar_id is required'))).toEqual({
      message: 'iTeraBiz refused the field "Avatar": avatar_id is required',
      description: `Correct "Avatar" of this item and run it again. Nothing was made or charged for this request (status ${status}).`,
    });
  });

  test.each([
    ['duration must be below 300', 'Duration (Seconds)'],
    ['language is unknown', 'Language'],
    ['script is too long for the requested duration', 'Script'],
    ['body/image_url must be a URL', 'Image URL'],
    ['voice_id', 'Voice ID'],
  ])('"%s" is about %s', (text, label) => {
    expect(refusal(400, said(text)).message).toBe(`iTeraBiz refused the field "${label}": ${text}`);
  });

  test('names a field once, and ends with one full stop', () => {
    expect(refusal(400, said('avatar_id: there is no avatar x.'))).toEqual({
      message: 'iTeraBiz refused the field "Avatar": there is no avatar x',
      description:
        'Correct "Avatar" of this item and run it again. Nothing was made or charged for this request (status 400).',
    });
    expect(refusal(429, said('Slow down.')).description).toMatch(
      /^iTeraBiz says: Slow down \(status 429\)\. /,
    );
    expect(refusal(400, said('script: wait...')).message).toMatch(/: wait\.\.\.$/);
  });

  test.each(['avatar_ids', 'the transcript', 'username', 'unknown voice name', 'Unknown language'])(
    '"%s" names no field',
    (text) => {
      expect(refusal(400, said(text))).toEqual({
        message: `iTeraBiz could not create the video with these values: ${text}`,
        description:
          'If a value of this item is wrong, correct it and run the item again. If not, write to api@iterabiz.com. Nothing was made or charged for this request (status 400).',
      });
    },
  );

  test('names a field by the structure of the answer, and none where several are refused', () => {
    const detail = [
      { loc: ['body', 'script'], msg: 'At most 2000 characters', input: 'Hello you' },
    ];
    expect(refusal(422, { detail }).message).toBe(
      'iTeraBiz refused the field "Script": At most 2000 characters',
    );
    const errors = { script: ['Too long.', 'Too loud.'] };
    expect(refusal(422, { message: 'No', errors }).message).toBe(
      'iTeraBiz refused the field "Script": Too long.; Too loud.; No',
    );
    expect(refusal(422, { errors: { ...errors, duration: ['Too short.'] } }).message).toBe(
      'iTeraBiz could not create the video with these values: script: Too long.; script: Too loud.; duration: Too short',
    );
  });

  test('says everything, what is about the field first', () => {
    const body = ['Your plan allows scripts of one minute', { script: 'Too long' }];
    expect(refusal(400, body).message).toBe(
      'iTeraBiz refused the field "Script": Too long; Your plan allows scripts of one minute',
    );
  });

  test.each([409, 500])(
    'with status %i that another request got is not told as its own',
    (status) => {
      const headers = { 'retry-after': '600' };
      expect(refusal(status, said('In progress'), { tries: 0, headers })).toEqual({
        message: 'The request to create the video was not sent, because such requests are paused',
        description: `The answer to another request is why (status ${status}). Run this again in about 10 minutes.`,
      });
      expect(refusal(429, said('Slow down'), { tries: 0, headers }).message).toMatch(/too busy/);
    },
  );

  test('in a success is told like any other', () => {
    expect(refusal(200, { code: 40119, message: 'Avatar not found' })).toEqual({
      message: 'iTeraBiz could not create the video: Avatar not found',
      description:
        'It answered with status 200. If you cannot tell why, write to api@iterabiz.com.',
    });
    expect(refusal(200, { success: false, error: 'Insufficient credits' }).message).toBe(
      'iTeraBiz says your account has no credits left: Insufficient credits',
    );
  });

  test('by something in between is not about the key or the avatar', () => {
    const page = '<!DOCTYPE html><title>Just a moment...</title>';
    expect(refusal(403, page)).toEqual({
      message:
        'Something between n8n and iTeraBiz blocked the request to create the video: Just a moment...',
      description:
        'A firewall, a proxy or a bot check answered in place of the API, so nothing was made or charged; your API key and this item are fine. Ask your n8n or network administrator to let n8n reach iTeraBiz; if it keeps happening, write to api@iterabiz.com (status 403).',
    });
    expect(refusal(407, '').description).toMatch(
      /^A proxy requires its own user name and password, /,
    );
  });

  test.each([404, 405])('with status %i from a web page is about the address', (status) => {
    expect(refusal(status, '<html><title>Welcome</title></html>', { id: 'video_1' })).toEqual({
      message: 'Something other than iTeraBiz answered the request to create the video: Welcome',
      description: `Check the Base URL of the credential, which is usually https://api.iterabiz.com/v1. If it is right, a proxy or firewall answers in place of the API: ask your n8n or network administrator to let n8n reach iTeraBiz. If it keeps happening, write to api@iterabiz.com (status ${status}).`,
    });
  });

  test.each([
    [undefined, 'in a few minutes'],
    ['0', 'in a minute'],
    ['60', 'in a minute'],
    ['61', 'in about 2 minutes'],
    ['3240', 'in about 54 minutes'],
    ['3300', 'in about an hour'],
    ['3600', 'in about an hour'],
    ['5400', 'in about 2 hours'],
    ['126000', 'in about 35 hours'],
    ['129600', 'in about 2 days'],
    ['259200', 'in about 3 days'],
  ])('for being busy that asks for %j seconds says %s', (seconds, when) => {
    const headers = seconds === undefined ? {} : { 'retry-after': seconds };
    expect(refusal(429, {}, { headers }).description).toContain(`Run it again ${when}. `);
  });

  test('of values may come without a reason', () => {
    expect(refusal(422, '').message).toBe(
      'iTeraBiz could not create the video with these values: it gave no reason',
    );
  });

  test('with status 404 names the ID', () => {
    expect(refusal(404, {}, { id: 'video_1' })).toEqual({
      message: 'iTeraBiz has nothing with the ID "video_1"',
      description:
        'Check the ID, and that it belongs to the account of this credential. iTeraBiz gave no reason (status 404).',
    });
  });

  test('with status 404 for no ID is about the values or the address', () => {
    expect(refusal(404)).toEqual({
      message: 'iTeraBiz could not create the video: Because',
      description:
        'Check the values of this item, and the Base URL of the credential, which is usually https://api.iterabiz.com/v1 (status 404).',
    });
  });

  test('with status 404 may come without a word', () => {
    expect(refusal(404, '').message).toBe(
      'iTeraBiz could not create the video: there is nothing at this address',
    );
  });

  test.each([429, 503])('with status %i says how often it was tried, and how long', (status) => {
    expect(refusal(status, {}, { tries: 6, seconds: 14.6 })).toEqual({
      message: 'iTeraBiz is too busy to create the video (tried 6 times over 15 seconds)',
      description: `iTeraBiz gave no reason (status ${status}). It refused the request, so nothing was made or charged for it. Run it again in a few minutes. If it keeps happening, lower Max Concurrency in the nodes that use this account.`,
    });
    expect(refusal(status, {}, { tries: 1, seconds: 3 }).message).toBe(
      'iTeraBiz is too busy to create the video',
    );
    expect(refusal(status, {}, { tries: 2, seconds: 0.2 }).message).toBe(
      'iTeraBiz is too busy to create the video (tried 2 times over 1 second)',
    );
  });

  test.each([300, 301, 399])('with status %i says where the address went', (status) => {
    const headers = { location: 'https://new.example/v2?key=sk_live_secret' };
    expect(refusal(status, '', { headers })).toEqual({
      message: 'iTeraBiz could not create the video: its address has moved',
      description: `Check the Base URL of the credential; the answer points to https://new.example/v2 (status ${status}).`,
    });
    expect(refusal(status).description).toBe(
      `Check the Base URL of the credential (status ${status}).`,
    );
  });

  test.each([500, 502, 504, 599])('with status %i names the support', (status) => {
    expect(refusal(status)).toEqual({
      message: 'iTeraBiz could not create the video because of a fault on its side',
      description: `iTeraBiz says: Because (status ${status}). Try again later; if it keeps happening, write to api@iterabiz.com and say when it happened.`,
    });
    expect(refusal(status, {}, { tries: 3, seconds: 4 }).message).toBe(
      'iTeraBiz could not create the video because of a fault on its side (tried 3 times over 4 seconds)',
    );
  });

  test('with status 403 is about what the key may do', () => {
    expect(refusal(403, said('Not yours'))).toEqual({
      message: 'iTeraBiz does not allow this API key to create the video: Not yours',
      description:
        'Check that what this item names, such as the avatar, belongs to the account of this credential, and ask the owner of the account what this key may do. Nothing was made or charged for this request (status 403).',
    });
    expect(refusal(403, '').message).toBe(
      'iTeraBiz does not allow this API key to create the video',
    );
  });

  test.each<[number, unknown]>([
    [402, said('Because')],
    [402, ''],
    [403, said('You are out of credits')],
    [403, { error: { code: 'insufficient_credits', message: 'No' } }],
    [403, { detail: 'Insufficient balance' }],
    [429, 'No credit left'],
    [403, '<html><title>Payment required</title></html>'],
  ])('with status %i and %j is about credits', (status, body) => {
    expect(refusal(status, body)).toEqual({
      message: expect.stringMatching(/^iTeraBiz says your account has no credits left/),
      description: `Top up the credits in your iTeraBiz dashboard, or ask the owner of the account to, and run this item again. Nothing was made or charged for this request (status ${status}).`,
    });
  });

  test.each<[number, unknown]>([
    [403, said('The accreditation is missing')],
    [429, said('Quota of 60 requests a minute is used up')],
    [429, {}],
    [403, null],
  ])('with status %i and %j is not about credits', (status, body) => {
    expect(refusal(status, body).message).not.toContain('credits left');
  });

  test.each([409, 418, 499])('with another status, as %i, shows it', (status) => {
    expect(refusal(status)).toEqual({
      message: 'iTeraBiz could not create the video: Because',
      description: `It answered with status ${status}. If you cannot tell why, write to api@iterabiz.com.`,
    });
    expect(refusal(status, {})).toEqual({
      message: `iTeraBiz could not create the video (status ${status})`,
      description: 'iTeraBiz gave no reason. If you cannot tell why, write to api@iterabiz.com.',
    });
  });

  test('never shows markup, whatever its status', () => {
    const page = '<html><head><title>Bad gateway</title></head><body><h1>nginx</h1></body></html>';
    for (const status of [302, 400, 401, 404, 418, 429, 500, 502]) {
      const { message, description } = refusal(status, page);
      expect(message + description).not.toMatch(/[<>]|nginx/);
    }
    expect(refusal(502, page).description).toContain('iTeraBiz says: Bad gateway');
  });
});

describe('No answer', () => {
  test('where no connection came about', () => {
    expect(describeNetworkError(new NetworkError('ECONNREFUSED', false, 'x'), { doing })).toEqual({
      message: 'iTeraBiz could not be reached to create the video',
      description:
        'Could not connect (network code ECONNREFUSED), so nothing was sent. Check the Base URL of the credential and that this n8n instance can reach the internet.',
    });
  });

  test.each(['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'EPROTO'])(
    'where the certificate is not accepted (%s)',
    (code) => {
      const { message, description } = describeNetworkError(new NetworkError(code, false, 'x'), {
        doing,
      });
      expect(message).toBe(
        'iTeraBiz could not be reached to create the video: the certificate of the connection was not accepted',
      );
      expect(description).toContain(`(network code ${code}), so nothing was sent`);
      expect(description).toContain('NODE_EXTRA_CA_CERTS');
    },
  );

  test('where the connection broke off', () => {
    const subject = { doing, tries: 6, seconds: 20 };
    expect(describeNetworkError(new NetworkError('', true, 'x'), subject)).toEqual({
      message:
        'The connection to iTeraBiz was lost before it answered the request to create the video (tried 6 times over 20 seconds)',
      description: 'Try again in a moment. If it keeps happening, write to api@iterabiz.com.',
    });
    expect(describeNetworkError(new NetworkError('EPIPE', true, 'x'), { doing })).toEqual({
      message:
        'The connection to iTeraBiz was lost before it answered the request to create the video',
      description:
        'Try again in a moment (network code EPIPE). If it keeps happening, write to api@iterabiz.com.',
    });
  });
});

describe('An answer that is not what the API sends', () => {
  test.each([
    ['<!doctype html><title>Welcome</title><p>x', ' and begins: Welcome'],
    ['y'.repeat(200), ` and begins: ${'y'.repeat(100)}`],
    [{ secret: 1 }, ''],
    [{ message: 'Welcome' }, ' and begins: Welcome'],
    ['', ''],
  ])('of %j', (body, begins) => {
    expect(refusal(200, body)).toEqual({
      message: 'The answer to the request to create the video does not look like one from iTeraBiz',
      description: `Check the Base URL of the credential: it should be the address of the API, not of a web page. The answer had status 200${begins}.`,
    });
  });
});

describe('As an error of the node', () => {
  const node = { name: 'Videos', type: 'x' } as INode;
  const own = { message: 'Too long', description: 'Shorten it' };

  test('it has the texts, the item and the status, and is no alarm', () => {
    const error = toNodeError(node, own, 7, 422);
    expect(error).toBeInstanceOf(NodeApiError);
    expect(error).toMatchObject({
      ...own,
      messages: [own.message],
      httpCode: '422',
      level: 'warning',
      context: { itemIndex: 7 },
      node: { name: 'Videos' },
    });
  });

  test('without a status n8n puts no words of its own in place of ours', () => {
    for (const status of [undefined, 401, 404, 429, 500, 503]) {
      expect(toNodeError(node, own, 0, status)).toMatchObject(own);
    }
    // What was not sent has no code; n8n shows one only where there is one.
    expect(toNodeError(node, own).httpCode).toBeNull();
  });

  test.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPROTO',
    'CERT_HAS_EXPIRED',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EPIPE',
    'ECONNABORTED',
  ])('a message that names %s stays ours', (code) => {
    for (const maybeSent of [false, true]) {
      const message = describeNetworkError(new NetworkError(code, maybeSent, 'x'), { doing });
      expect(toNodeError(node, message)).toMatchObject(message);
    }
  });
});
