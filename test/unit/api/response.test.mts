import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Server as Sockets,
} from 'node:net';

import { isNotSecure, neverSent } from '../../../nodes/ITeraBiz/api/response.ts';

/** What Node.js says when a server at an https address is not what it seems. */
async function errorFrom(server: Server | Sockets): Promise<NodeJS.ErrnoException> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((resolve, reject) => {
      get(`https://127.0.0.1:${port}`, () => reject(new Error('It answered'))).on('error', resolve);
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('Nothing was sent', () => {
  test.each([
    ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ERR_INVALID_URL'],
    ...['UND_ERR_CONNECT_TIMEOUT', 'EPROTO', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ...['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'HOSTNAME_MISMATCH'],
    ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_NOT_YET_VALID'],
    ...['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'],
    ...['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
  ])('where the network says %s', (code) => expect(neverSent(code)).toBe(true));

  test('where it could not connect in time', () => {
    expect(neverSent('ETIMEDOUT', 'connect ETIMEDOUT 192.0.2.1:443')).toBe(true);
  });

  test.each(['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'])(
    'where there was no way to any of its addresses: %s',
    (code) => {
      expect(neverSent(code, `connect ${code} 192.0.2.1:443`)).toBe(true);
      expect(neverSent(code, '')).toBe(true);
      // These also end a connection in use.
      expect(neverSent(code, `read ${code}`)).toBe(false);
      expect(neverSent(code, `write ${code}`)).toBe(false);
    },
  );

  test('where a server speaks no TLS', async () => {
    const { code = '', message } = await errorFrom(createServer());
    expect([neverSent(code, message), isNotSecure({ code, message })]).toEqual([true, true]);
  });

  test('where a server hangs up on the handshake', async () => {
    const server = createSocketServer((socket) => socket.once('data', () => socket.destroy()));
    const { code = '', message } = await errorFrom(server);
    expect(code).toBe('ECONNRESET');
    expect([neverSent(code, message), isNotSecure({ code, message })]).toEqual([true, true]);
  });
});

test.each([
  ['', ''],
  ['ECONNRESET', 'read ECONNRESET'],
  ['ECONNRESET', 'socket hang up'],
  ['ETIMEDOUT', 'read ETIMEDOUT'],
  ['ECONNABORTED', 'timeout of 300000ms exceeded'],
  ['EPIPE', 'write EPIPE'],
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'bad record mac'],
  ['SOMETHING_NEW', ''],
])('Something may have been sent where it says %j, %j', (code, message) => {
  expect([neverSent(code, message), isNotSecure({ code, message })]).toEqual([false, false]);
});
