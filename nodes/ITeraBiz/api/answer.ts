import type { IDataObject } from 'n8n-workflow';

/** What came back, whatever its status. `body` is text where it was not JSON. */
export interface Answer {
  status: number;
  headers: IDataObject;
  body: unknown;
}

/** No answer came: the connection failed, broke off or took too long. */
export class NoAnswer extends Error {
  /**
   * @param code the network's word for it, as in `ECONNRESET`; empty where it gave none
   * @param arrived whether the request may have reached the API
   */
  constructor(
    readonly code: string,
    readonly arrived: 'no' | 'maybe',
    message: string,
  ) {
    super(message);
  }
}
