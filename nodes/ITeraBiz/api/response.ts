import type { IDataObject } from 'n8n-workflow';

/** What came back, whatever its status. `body` is text where it was not JSON. */
export interface ApiResponse {
  status: number;
  headers: IDataObject;
  body: unknown;
}

/** No answer came: the connection failed, broke off or took too long. */
export class NetworkError extends Error {
  /**
   * @param code the network's word for it, as in `ECONNRESET`; empty where it gave none
   * @param maybeSent whether the request may have reached the API
   */
  constructor(
    readonly code: string,
    readonly maybeSent: boolean,
    message: string,
  ) {
    super(message);
  }
}

/** These say that no connection was made. */
const NO_CONNECTION = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'ERR_INVALID_URL', 'UND_ERR_CONNECT_TIMEOUT'],
];

/**
 * A certificate that is not trusted, or a handshake that was refused (Node.js, OpenSSL). Errors of a
 * connection that was already in use, as a bad record, are none of these.
 */
const NOT_SECURE =
  /^(EPROTO|.*CERT.*|HOSTNAME_MISMATCH|INVALID_CA|UNABLE_TO_(GET|VERIFY)_.*|ERR_SSL_.*(HANDSHAKE_FAILURE|WRONG_VERSION|PROTOCOL|UNRECOGNIZED_NAME|CIPHER|UNKNOWN_CA|PACKET_LENGTH_TOO_LONG|RENEGOTIATION|KEY_TOO_SMALL).*)$/;

/** Whether a network error is about the certificate or the handshake of a secure connection. */
export function isNotSecure({ code, message }: Pick<NetworkError, 'code' | 'message'>): boolean {
  return NOT_SECURE.test(code) || /before secure TLS connection/.test(message);
}

/** Whether a network error says for certain, where need be in Node.js's words, that nothing was sent. */
export function neverSent(code: string, message = ''): boolean {
  const isConnecting = NO_CONNECTION.includes(code) || /^connect E[A-Z]+/.test(message);
  return isConnecting || isNotSecure({ code, message });
}
