import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INodeParameters, IRun } from 'n8n-workflow';

import type { FaultEffect } from '../../../sandbox/client.mts';
import { createVideo, errorOf, jsonOf, runNode } from '../support.mts';
import { byId } from './byId.mts';
import { storedText, useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();

const ID = 'video_abc123';
const get: INodeParameters = { resource: 'video', operation: 'get', videoId: byId(ID) };
const getMany: INodeParameters = { resource: 'video', operation: 'getAll' };
const create = createVideo({ script: 'Hello' });
const createAvatar: INodeParameters = {
  resource: 'avatar',
  operation: 'create',
  name: 'Anna',
  imageUrl: 'https://example.com/a.jpg',
  voiceId: 'voice_1',
};

/** What the user reads, after a check that the key is nowhere in what n8n keeps of the run. */
function toldBy(run: IRun, key = sandbox.apiKey): { message: string; description: string } {
  const stored = storedText(run);
  expect(stored).toContain(JSON.stringify(errorOf(run).message).slice(1, -1));
  expect(stored).not.toContain(key);
  return errorOf(run);
}

/** Answers like no API does. */
async function strangeServer(listener: RequestListener): Promise<[Server, string]> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`];
}

function stop(server: Server): void {
  server.closeAllConnections();
  server.close();
}

const refuse = (status: number, message: string): FaultEffect => ({
  type: 'refuse',
  status,
  message,
});
const always = { times: 'always' as const };

describe('A refused request says what was refused and what to do', () => {
  test.each<[string, INodeParameters, FaultEffect, string, string]>([
    [
      '401',
      get,
      refuse(401, 'Missing or invalid API key'),
      'iTeraBiz does not accept the API key of this credential',
      'Compare the key with the one in your iTeraBiz dashboard, or create a new key there, and save it in the credential. iTeraBiz says: Missing or invalid API key (status 401).',
    ],
    [
      '403',
      create,
      refuse(403, 'This key may only read'),
      'iTeraBiz does not allow this API key to create the video: This key may only read',
      'ask the owner of the account what this key may do',
    ],
    [
      '400 that names a field, by the label in the editor',
      create,
      refuse(400, 'duration must be at most 120'),
      'iTeraBiz refused the field "Duration (Seconds)": duration must be at most 120',
      'Correct "Duration (Seconds)" of this item and run it again. Nothing was made or charged for this request (status 400).',
    ],
    [
      '422 that names another field',
      createAvatar,
      refuse(422, 'image_url does not lead to a picture'),
      'iTeraBiz refused the field "Image URL": image_url does not lead to a picture',
      'Correct "Image URL" of this item',
    ],
    [
      '400 that names none',
      create,
      refuse(400, 'Your plan has no minutes left'),
      'iTeraBiz could not create the video with these values: Your plan has no minutes left',
      'If a value of this item is wrong, correct it and run the item again.',
    ],
    [
      '404 without an ID of ours',
      create,
      refuse(404, 'There is no such avatar'),
      'iTeraBiz could not create the video: There is no such avatar',
      'Check the values of this item, and the Base URL of the credential',
    ],
    [
      '404 in a word that n8n takes for a network code',
      create,
      refuse(404, 'VoiceNotFound'),
      'iTeraBiz could not create the video: VoiceNotFound',
      'Check the values of this item',
    ],
    [
      '500 to a question',
      get,
      { ...refuse(500, 'Internal error'), retryAfter: 0 } as FaultEffect,
      `iTeraBiz could not get video ${ID} because of a fault on its side`,
      'iTeraBiz says: Internal error (status 500). Try again later; if it keeps happening, write to api@iterabiz.com and say when it happened.',
    ],
    [
      'an unusual status',
      getMany,
      refuse(418, 'I am a teapot'),
      'iTeraBiz could not list the videos: I am a teapot',
      'It answered with status 418. If you cannot tell why, write to api@iterabiz.com.',
    ],
    [
      'a redirect',
      getMany,
      {
        type: 'answer',
        status: 308,
        body: '',
        headers: { Location: 'https://api.iterabiz.com/v2/videos?token=secret' },
      },
      'iTeraBiz could not list the videos: its address has moved',
      'Check the Base URL of the credential; the answer points to https://api.iterabiz.com/v2/videos (status 308).',
    ],
    [
      'an HTML page with a status, of which the title is enough',
      get,
      {
        type: 'answer',
        status: 500,
        headers: { 'Retry-After': '0' },
        contentType: 'text/html',
        body: '<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body><h1>x</h1></body></html>',
      },
      `iTeraBiz could not get video ${ID} because of a fault on its side`,
      'iTeraBiz says: Down for maintenance (status 500)',
    ],
    [
      'plain text',
      create,
      { type: 'answer', status: 400, contentType: 'text/plain', body: 'script is too long' },
      'iTeraBiz refused the field "Script": script is too long',
      'Correct "Script" of this item',
    ],
    [
      'a success that says no',
      create,
      { type: 'answer', status: 200, body: '{"code":40119,"message":"Avatar not found"}' },
      'iTeraBiz could not create the video: Avatar not found',
      'It answered with status 200',
    ],
    [
      'a success without credits',
      create,
      { type: 'answer', status: 202, body: '{"success":false,"error":"Insufficient credits"}' },
      'iTeraBiz says your account has no credits left: Insufficient credits',
      'Top up the credits',
    ],
    [
      "Cloudflare's check for bots",
      create,
      {
        type: 'answer',
        status: 403,
        contentType: 'text/html',
        body: '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>',
      },
      'Something between n8n and iTeraBiz blocked the request to create the video: Just a moment...',
      'your API key and this item are fine',
    ],
    [
      'a list of errors by field',
      create,
      {
        type: 'answer',
        status: 422,
        body: '{"detail":[{"loc":["body","script"],"msg":"At most 2000 characters","input":"Hello"}]}',
      },
      'iTeraBiz refused the field "Script": At most 2000 characters',
      'Correct "Script" of this item',
    ],
    [
      'no body at all',
      create,
      { type: 'answer', status: 400, body: '' },
      'iTeraBiz could not create the video with these values: it gave no reason',
      'If a value of this item is wrong',
    ],
  ])('%s', async (_, parameters, fault, message, advice) => {
    await sandbox.fault({ on: '*', ...always, ...fault });
    const told = toldBy(await runNode(sandbox, parameters));
    // A question is asked again after a fault, and only then.
    const [, own, tried] = /^(.*?)( \(tried 6 times over \d+ seconds?\))?$/.exec(told.message)!;
    expect(own).toBe(message);
    expect(told.description).toContain(advice);
    expect(told.description).not.toMatch(/token=secret|<h1>/);
    const { requests, acceptedCount } = await sandbox.stats();
    expect(Object.values(requests)).toEqual([tried ? 6 : 1]);
    expect(tried !== undefined).toBe('status' in fault && fault.status === 500);
    expect(acceptedCount).toBe(0);
  });

  test('a wrong key', async () => {
    const apiKey = 'sk_test_wrong_0123456789';
    const told = toldBy(await runNode(sandbox, get, { apiKey }), apiKey);
    expect(told.message).toBe('iTeraBiz does not accept the API key of this credential');
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 1 });
  });

  test('an unknown video', async () => {
    const told = toldBy(await runNode(sandbox, get));
    expect(told.message).toBe(`iTeraBiz has nothing with the ID "${ID}"`);
    expect(told.description).toBe(
      `Check the ID, and that it belongs to the account of this credential. iTeraBiz says: There is no video ${ID} (status 404).`,
    );
  });

  test('an unknown avatar', async () => {
    const run = await runNode(sandbox, { ...create, avatarId: byId('avatar_nobody') });
    expect(toldBy(run).message).toBe(
      'iTeraBiz refused the field "Avatar": there is no avatar avatar_nobody',
    );
  });
});

describe('A web page in place of the API', () => {
  const page = (status: number): FaultEffect => ({
    type: 'answer',
    status,
    headers: { 'Retry-After': '0' },
    contentType: 'text/html',
    body: '<html>\r\n<head><title>404 Not Found</title></head><body><hr>nginx</body></html>',
  });

  test.each([404, 410])('with status %i says nothing about the video', async (status) => {
    await sandbox.fault({ on: '*', ...always, ...page(status) });
    const told = toldBy(await runNode(sandbox, get));
    expect(told.message).toBe(
      `Something other than iTeraBiz answered the request to get video ${ID}: 404 Not Found`,
    );
    expect(told.description).toBe(
      `Check the Base URL of the credential, which is usually https://api.iterabiz.com/v1. If it is right, a proxy or firewall answers in place of the API: ask your n8n or network administrator to let n8n reach iTeraBiz. If it keeps happening, write to api@iterabiz.com (status ${status}).`,
    );
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 1 });
  });

  test.each([404, 405, 410])('with status %i refuses an order', async (status) => {
    await sandbox.fault({ on: '*', ...always, ...page(status) });
    const told = toldBy(await runNode(sandbox, create));
    expect(told.message).toBe(
      'Something other than iTeraBiz answered the request to create the video: 404 Not Found',
    );
    expect(told.description).toContain('Check the Base URL of the credential');
    const { requests, acceptedCount } = await sandbox.stats();
    expect(requests).toEqual({ 'POST /videos': 1 });
    expect(acceptedCount).toBe(0);
  });

  test('that passes by itself is not noticed', async () => {
    const [{ id }] = await sandbox.addVideos(1);
    await sandbox.fault({ on: '*', times: 2, ...page(403) });
    const run = await runNode(sandbox, { ...get, videoId: byId(id) });
    expect(jsonOf(run)).toMatchObject([{ id }]);
  });

  test('is none where a 404 has no words: that may be the API', async () => {
    await sandbox.fault({ on: '*', type: 'answer', status: 404, body: '' });
    expect(toldBy(await runNode(sandbox, get)).message).toBe(
      `iTeraBiz has nothing with the ID "${ID}"`,
    );
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 1 });
  });
});

describe('A service that stays busy', () => {
  test('is given up in the end, and the message says how long that took', async () => {
    await sandbox.fault({ on: '*', ...always, type: 'refuse', status: 429, retryAfter: 0 });
    const told = toldBy(await runNode(sandbox, create));
    expect(told.message).toMatch(
      /^iTeraBiz is too busy to create the video \(tried 20 times over \d+ seconds?\)$/,
    );
    expect(told.description).toContain('nothing was made or charged for it');
    expect(told.description).toContain(
      'Run it again in a minute. If it keeps happening, lower Max Concurrency',
    );
    expect((await sandbox.stats()).requests).toEqual({ 'POST /videos': 20 });
  });

  test.each([
    [503, 20, 'iTeraBiz is too busy to list the videos'],
    [502, 6, 'iTeraBiz could not list the videos because of a fault on its side'],
    [504, 6, 'iTeraBiz could not list the videos because of a fault on its side'],
  ])('with status %i, to a question', async (status, tries, message) => {
    await sandbox.fault({ on: '*', ...always, type: 'refuse', status, retryAfter: 0 });
    const told = toldBy(await runNode(sandbox, getMany));
    expect(told.message).toContain(message);
    expect(told.message).toContain(`tried ${tries} times`);
    if (status !== 503) expect(told.description).toContain('api@iterabiz.com');
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos': tries });
  });
});

describe('A submission of which nobody knows what became is not sent again', () => {
  test.each<[string, INodeParameters, FaultEffect, string[]]>([
    [
      'status 500',
      create,
      { ...refuse(500, 'Internal error'), retryAfter: 0 } as FaultEffect,
      [
        'a fault on its side (status 500; if it keeps happening, write to api@iterabiz.com)',
        'Video: Get Many',
      ],
    ],
    ['status 502', create, refuse(502, 'Bad gateway'), ['status 502']],
    ['status 504', createAvatar, refuse(504, 'Timeout'), ['status 504', 'Avatar: Get Many']],
    [
      'a broken connection',
      create,
      { type: 'reset', when: 'after' },
      ['The connection to iTeraBiz was lost'],
    ],
  ])('%s', async (_, parameters, fault, advice) => {
    await sandbox.fault({ on: '*', ...always, ...fault });
    const told = toldBy(await runNode(sandbox, parameters));
    expect(told.message).toMatch(
      /^Check this one: it is unclear whether iTeraBiz accepted the request to create the (video|avatar)$/,
    );
    advice.forEach((words) => expect(told.description).toContain(words));
    expect(told.description).toContain('Check your iTeraBiz dashboard');
    const sent = Object.entries((await sandbox.stats()).requests).filter(([what]) =>
      what.startsWith('POST '),
    );
    expect(sent).toEqual([[expect.any(String), 1]]);
  });

  test.each<[string, FaultEffect, string, string]>([
    [
      'JSON that stops in the middle',
      { type: 'cutJson' },
      'iTeraBiz accepted the request to create the video, but its answer cannot be read',
      'so the ID is unknown',
    ],
    [
      'plain text',
      { type: 'answer', status: 200, contentType: 'text/plain', body: 'OK', when: 'after' },
      'iTeraBiz accepted the request to create the video, but its answer cannot be read',
      'so the ID is unknown',
    ],
    [
      'a web page',
      {
        type: 'answer',
        status: 200,
        contentType: 'text/html',
        body: '<html><head><title>Sign in</title></head></html>',
      },
      'a web page answered the request to create the video, not iTeraBiz',
      'Check the Base URL of the credential',
    ],
  ])('%s', async (_, fault, message, advice) => {
    await sandbox.fault({ on: 'POST /videos', ...fault });
    // The list does not say what its videos were made of, so that nothing is found in it.
    const fields = { script: null };
    await sandbox.fault({ on: 'GET /videos', ...always, type: 'rewrite', fields });
    const told = toldBy(await runNode(sandbox, create));
    expect(told.message).toBe(`Check this one: ${message}`);
    expect(told.description).toContain(advice);
    expect(told.description).not.toContain('<');
    expect((await sandbox.stats()).requests).toMatchObject({ 'POST /videos': 1 });
  });
});

describe('An answer that is not one of the API', () => {
  test.each<[string, INodeParameters, string, string]>([
    ['a web page', get, '<!DOCTYPE html><title>Welcome to nginx!</title>', 'Welcome to nginx!'],
    ['a web page', getMany, '<!DOCTYPE html><title>Welcome to nginx!</title>', 'Welcome to nginx!'],
    ['malformed JSON', getMany, '{"data": [{', '{"data"'],
    ['plain text', get, 'It works', 'It works'],
    ['nothing', getMany, '', 'status 200.'],
    ['JSON of something else', getMany, '{"hello":"world"}', 'status 200.'],
  ])('%s to a question', async (_, parameters, body, quoted) => {
    await sandbox.fault({ on: '*', type: 'answer', status: 200, contentType: 'text/html', body });
    const told = toldBy(await runNode(sandbox, parameters));
    expect(told.message).toMatch(
      /^The answer to the request to .+ does not look like one from iTeraBiz$/,
    );
    expect(told.description).toContain('Check the Base URL of the credential');
    expect(told.description).toContain(quoted);
    expect(told.description).not.toContain('<');
  });
});

/** These are tried for up to half a minute each, so they run at the same time. */
describe('Where no connection comes about', () => {
  let server: Server;
  let runs: Record<string, Promise<IRun>>;
  let attempts = 0;

  beforeAll(async () => {
    const [closed, nobodyThere] = await strangeServer(() => undefined);
    stop(closed);
    let breaksOff: string;
    [server, breaksOff] = await strangeServer((request) => {
      attempts += 1;
      request.socket.destroy();
    });
    runs = {
      refusedRead: runNode(sandbox, getMany, { baseUrl: nobodyThere }),
      refusedCreate: runNode(sandbox, create, { baseUrl: nobodyThere }),
      unknownHost: runNode(sandbox, get, { baseUrl: 'https://api.iterabiz.invalid/v1' }),
      breaksOff: runNode(sandbox, getMany, { baseUrl: breaksOff }),
    };
  });
  afterAll(() => stop(server));

  test.each([
    ['refusedRead', 'list the videos', 'ECONNREFUSED'],
    ['refusedCreate', 'create the video', 'ECONNREFUSED'],
    ['unknownHost', `get video ${ID}`, '(ENOTFOUND|EAI_AGAIN)'],
  ])('nothing was sent: %s', async (name, doing, code) => {
    const told = toldBy(await runs[name]);
    expect(told.message).toMatch(
      new RegExp(
        `^iTeraBiz could not be reached to ${doing} \\(tried 6 times over \\d+ seconds?\\)$`,
      ),
    );
    expect(told.description).toMatch(
      new RegExp(
        `^Could not connect \\(network code ${code}\\), so nothing was sent\\. Check the Base URL of the credential and that this n8n instance can reach the internet\\.$`,
      ),
    );
  });

  test('or it breaks off every time', async () => {
    const told = toldBy(await runs.breaksOff);
    expect(told.message).toMatch(
      /^The connection to iTeraBiz was lost before it answered the request to list the videos \(tried 6 times over \d+ seconds?\)$/,
    );
    expect(told.description).toContain('write to api@iterabiz.com');
    expect(attempts).toBe(6);
  });
});
