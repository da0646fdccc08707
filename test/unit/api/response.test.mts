import { createServer } from 'node:http';
import { get } from 'node:https';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Server as Sockets,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import { isNotSecure, neverSent } from '../../../nodes/ITeraBiz/api/response.ts';

/** TLS by a key that both sides know, without certificates. */
const secure = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'test' }) as never,
  checkServerIdentity: () => undefined,
} as const;

/** What Node.js says when a server at an https address is not what it seems. */
async function errorFrom(server: Sockets, options = {}): Promise<NodeJS.ErrnoException> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((resolve, reject) => {
      get(`https://127.0.0.1:${port}`, options, () => reject(new Error('It answered'))).on(
        'error',
        resolve,
      );
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('Nothing was sent', () => {
  test.each([
    ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_INVALID_URL'],
    ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
  ])('where there is no way to the server: %s', (code) => {
    expect([neverSent(code, ''), isNotSecure({ code, message: '' })]).toEqual([true, false]);
  });

  test.each([
    ...['EPROTO', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ...['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'INVALID_CA'],
    ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ...['ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('where the connection cannot be secure: %s', (code) => {
    expect([neverSent(code, 'x'), isNotSecure({ code, message: 'x' })]).toEqual([true, true]);
  });

  test.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETDOWN'])('where it cannot connect: %s', (code) => {
    expect(neverSent(code, `connect ${code} 192.0.2.1:443`)).toBe(true);
  });

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

  test('where client and server know no common cipher', async () => {
    const { code = '', message } = await errorFrom(createTlsServer(secure), {
      ...secure,
      ciphers: 'AES128-SHA',
    });
    expect([neverSent(code, message), isNotSecure({ code, message })]).toEqual([true, true]);
  });
});

describe('Something may have been sent', () => {
  test.each([
    ['', ''],
    ['ECONNRESET', 'read ECONNRESET'],
    ['ECONNRESET', 'socket hang up'],
    ['EHOSTUNREACH', 'read EHOSTUNREACH'],
    ['EADDRNOTAVAIL', 'write EADDRNOTAVAIL'],
    ['ETIMEDOUT', 'read ETIMEDOUT'],
    ['ECONNABORTED', 'timeout of 300000ms exceeded'],
    ['EPIPE', 'write EPIPE'],
    ['X', 'Could not connect E'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'alert'],
    ['SOMETHING_NEW', ''],
  ])('where it says %j, %j', (code, message) => {
    expect([neverSent(code, message), isNotSecure({ code, message })]).toEqual([false, false]);
  });

  test('where what was thrown has no message', () => {
    expect(neverSent('SOMETHING_NEW', undefined)).toBe(false);
    expect(neverSent('ECONNREFUSED', undefined)).toBe(true);
  });

  test.each([
    ['hangs up', ''],
    ['speaks no TLS any more', 'HTTP/1.1 502 Bad Gateway\r\n\r\n'],
    ['sends a bad record', '\x17\x03\x03\0\x40' + 'x'.repeat(64)],
    ['sends a record that is too long', '\x17\x03\x03\xFF\xFF'],
    ['refuses the handshake', '\x15\x03\x03\0\x02\x02\x28'],
  ])('where a server %s after it read the request', async (_, bytes) => {
    let received = '';
    const server = createTlsServer(secure, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        received += data.toString();
        // Below TLS, as a broken proxy would.
        sockets.forEach((raw) => raw.end(bytes, 'latin1'));
      });
    });
    const sockets: Socket[] = [];
    server.on('connection', (socket: Socket) => sockets.push(socket));
    const { code = '', message } = await errorFrom(server, secure);
    expect(received).toMatch(/^GET/);
    expect([neverSent(code, message), isNotSecure({ code, message })]).toEqual([false, false]);
  });
});
