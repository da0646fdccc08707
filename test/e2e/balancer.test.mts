/** The load balancer of docker-compose.yml, in front of two stand-ins for n8n's webhook processes. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { freePort } from '../../n8n/processes.mts';
import { startBalancer } from '../../n8n/queueMode.mts';
import { until } from '../shared/until.mts';

const isThere = spawnSync('haproxy', ['-v']).status === 0;
if (!isThere) console.warn('The load balancer is not tested here: HAProxy is not installed.');
const testBalancer = isThere ? test : test.skip;

/** Answers with its name, and counts what it was sent. */
async function process(name: string) {
  const received: string[] = [];
  const server: Server = createServer((request, response) => {
    if (request.method === 'POST') received.push(request.url!.split('?')[0]);
    response.end(name);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, received, end };
}

testBalancer(
  'all that is sent to one path reaches one process, the other one when that is gone',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'balancer-'));
    const [one, two] = [await process('one'), await process('two')];
    const port = await freePort();
    const balancer = await startBalancer(folder, port, [one.port, two.port]);
    const paths = Array.from({ length: 50 }, (_, index) => `/webhook/trigger-${index}/webhook`);
    const send = async (path: string, event: number) => {
      const url = `http://127.0.0.1:${port}${path}?token=${event}`;
      const { status, data } = await axios.post<string>(
        url,
        {},
        { validateStatus: null, proxy: false },
      );
      return status === 200 ? data : String(status);
    };
    const sendAll = async (event: number) =>
      await Promise.all(paths.map(async (path) => await send(path, event)));
    try {
      const first = await sendAll(0);
      expect(new Set(first)).toEqual(new Set(['one', 'two']));
      for (let event = 1; event < 6; event++) expect(await sendAll(event)).toEqual(first);
      expect(one.received.length + two.received.length).toBe(6 * paths.length);

      await two.end();
      const others = () => sendAll(6);
      await until('all reach the one that is left', others, {
        isSo: (answers) => answers.every((answer) => answer === 'one'),
      });
    } finally {
      await balancer.stop();
      await one.end();
      rmSync(folder, { recursive: true });
    }
  },
);
