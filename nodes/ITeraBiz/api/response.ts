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

/** How Node.js says that a connection broke off before a request could have left. */
const BEFORE_SENDING = /^connect E[A-Z]+|before secure TLS connection was established/;

/** Whether a network error is about the certificate or the handshake of a secure connection. */
export function isNotSecure({ code, message }: Pick<NetworkError, 'code' | 'message'>): boolean {
  return NOT_SECURE.test(code) || /before secure TLS connection/.test(message);
}

/** Whether a network error says for certain that the request never left, where need be by Node.js's message. */
export function neverSent(code: string, message = ''): boolean {
  return NO_CONNECTION.includes(code) || NOT_SECURE.test(code) || BEFORE_SENDING.test(message);
}
