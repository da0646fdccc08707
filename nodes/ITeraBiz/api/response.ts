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
