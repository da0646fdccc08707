import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import type { Delivery } from './evidence.mts';

/** A webhook receiver that accepts every delivery. */
export interface Receiver {
  port: number;
  deliveries: Delivery[];
  stop(): Promise<void>;
}

/**
 * Listens on loopback only.
 *
 * @param port 0 for a free one
 * @throws if the port is taken
 */
export async function receive(port: number): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    deliveries.push({ headers: request.headers, body: await buffer(request) });
    response.end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    deliveries,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
