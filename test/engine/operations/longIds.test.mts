/** IDs that a JavaScript number cannot hold, from an API that gives numbers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createVideo, errorOf, jsonOf, runNode } from '../support.mts';

const LONG = '1234567890123456789';
let server: Server;
let baseUrl: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const video = `{"id":${LONG},"status":"completed","video_url":"https://cdn.example/1.mp4"}`;
    response.setHeader('Content-Type', 'application/json');
    response.end(
      request.url === '/v1/videos?limit=50' ? `{"data":[${video}],"has_more":false}` : video,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(async () => await new Promise((resolve) => server.close(resolve)));

test.each([
  ['create', createVideo(), `POST /v1/videos`],
  [
    'get',
    { resource: 'video', operation: 'get', videoId: { __rl: true, mode: 'id', value: LONG } },
    `GET /v1/videos/${LONG}`,
  ],
  ['getAll', { resource: 'video', operation: 'getAll' }, 'GET /v1/videos?limit=50'],
])('%s gives out the whole ID', async (_, parameters, request) => {
  const result = await runNode({ url: baseUrl, apiKey: 'key' } as never, parameters, {
    items: [{ script: 'Hello' }],
  });
  expect(errorOf(result).message).toBe('');
  expect(jsonOf(result)).toMatchObject([{ id: LONG }]);
  expect(asked).toContain(request);
});
