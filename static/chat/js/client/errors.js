/**
 * The library's errors: values with a code, a message for people, and what may be done about it.
 */

/** Codes after which the same request, with the same client id, may simply be sent again. */
const RETRYABLE = new Set(["RATE_LIMITED", "UNAVAILABLE", "INTERNAL_ERROR", "TIMEOUT", "DISCONNECTED"]);

/** A request that was refused, got no response in time, or lost its connection. */
export class RequestError extends Error {
  /**
   * @param {string} code one of the protocol's error codes, `TIMEOUT`, `DISCONNECTED`, `FRAME_TOO_BIG` or
   *   `FRAME_REFUSED`
   * @param {string} message
   * @param {{details?: any, retryAfter?: number}} [more]
   */
  constructor(code, message, { details, retryAfter } = {}) {
    super(message);
    this.name = "RequestError";
    this.code = code;
    this.details = details;
    /** Milliseconds that the server asks us to wait, if it said so. */
    this.retryAfter = retryAfter;
  }

  /** May the same request be sent again as it is? */
  get retryable() {
    return RETRYABLE.has(this.code);
  }

  /**
   * @param {{code?: string, message?: string, details?: any, retryAfter?: number} | undefined} error of an error frame
   */
  static fromWire(error) {
    return new RequestError(error?.code ?? "INTERNAL_ERROR", error?.message ?? "Something went wrong.", error);
  }
}

/** Why there is no connection. `fatal` ones stay away until `connect()` or `reconnectNow()` is called. */
export class ConnectionError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{fatal?: boolean, retryAfter?: number, closeCode?: number}} [more]
   */
  constructor(code, message, { fatal = false, retryAfter, closeCode } = {}) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
    this.fatal = fatal;
    /** Milliseconds that the server asks us to stay away, if it said so. */
    this.retryAfter = retryAfter;
    /** The close code of the socket, if that is how the connection ended. */
    this.closeCode = closeCode;
  }
}
