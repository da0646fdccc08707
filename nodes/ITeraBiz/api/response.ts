import type { IDataObject } from 'n8n-workflow';

/** A response of any status. `body` is text if it was not JSON. */
export interface ApiResponse {
  status: number;
  headers: IDataObject;
  body: unknown;
}

/** No response came: the connection failed, broke off or took too long. */
export class NetworkError extends Error {
  /**
   * @param code the network's own, e.g. `ECONNRESET`; empty if it gave none
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

/** What became of one request: the response, whatever its status, or the reason why no complete one came. */
export type Outcome = ApiResponse | NetworkError;

/** Codes that mean no connection was made. */
const NO_CONNECTION = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_INVALID_URL'];

/** Codes that may also end a connection in use: the message then begins with `read` or `write`. */
const NO_ROUTE = ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'];

/**
 * A certificate that is not accepted, or a handshake that failed: Node.js reports that as `EPROTO`, because
 * the request could not be written. With `ERR_SSL_…`, a connection broke that was already in use.
 */
const NOT_SECURE = /^(EPROTO|(?!ERR_SSL_).*CERT.*|INVALID_CA|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/;

/** Whether a network error is about the certificate or the handshake of a secure connection. */
export function isNotSecure({ code, message }: Pick<NetworkError, 'code' | 'message'>): boolean {
  return NOT_SECURE.test(code) || message.includes('before secure TLS connection');
}

/** Whether a network error proves, by its code or by Node.js's message, that nothing was sent. */
export function neverSent(code: string, message = ''): boolean {
  // Node.js leaves the message empty if it tried several addresses.
  const isNoRoute = NO_ROUTE.includes(code) && message === '';
  const isConnecting = NO_CONNECTION.includes(code) || message.startsWith('connect E');
  return isNoRoute || isConnecting || isNotSecure({ code, message });
}
