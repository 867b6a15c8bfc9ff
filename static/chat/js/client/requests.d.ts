// The type of a request decides what its payload may hold and what its response carries: ../protocol.d.ts has both.

import type { ResponseData, RequestPayloads } from "../protocol.d.ts";

/** Every request that has a response. */
export type RequestType = keyof RequestPayloads & keyof ResponseData;

/** The data of the response to a request. */
export type ResponseTo<T extends RequestType> = ResponseData[T];

/** What a request says. */
export type PayloadOf<T extends RequestType> = RequestPayloads[T];

export interface RequestOptions {
  /** milliseconds until it rejects with `TIMEOUT` */
  timeout?: number;
}

/** What follows the type. A payload in which every field may be missing may be missing too. */
export type RequestArguments<T extends RequestType> = {} extends PayloadOf<T>
  ? [payload?: PayloadOf<T>, options?: RequestOptions]
  : [payload: PayloadOf<T>, options?: RequestOptions];

/** Sends a request, and resolves with the data of its response. */
export type SendRequest = <T extends RequestType>(type: T, ...rest: RequestArguments<T>) => Promise<ResponseTo<T>>;

/** What the library itself says beside a request. */
export interface StartOptions<T extends RequestType> extends RequestOptions {
  /** called with the response before any later frame is read */
  onData?: (data: ResponseTo<T>) => void;
  /**
   * a person wants it, so it ends when the server refuses a frame. What the library asks on its own, and says nothing
   * that could be refused, is asked again on the next connection
   */
  wasWritten?: boolean;
}

export type StartRequest = <T extends RequestType>(
  type: T,
  payload: PayloadOf<T>,
  options?: StartOptions<T>,
) => Promise<ResponseTo<T>>;
