/** @typedef {import('./index').Problem} Problem */

export class ProblemError extends Error {
  /** @type {'ProblemError'} */
  name = 'ProblemError';

  /**
   * @param {number} status
   * @param {Problem | null} problem
   * @param {string | null} requestId
   */
  constructor(status, problem, requestId) {
    const detail = text(problem?.detail);
    super(problem ? `${problem.code}: ${detail ?? 'no detail'}` : `status ${status} without a reason`);
    this.status = status;
    this.code = problem?.code ?? null;
    this.detail = detail ?? this.message;
    this.pointer = text(problem?.pointer);
    this.offset = offsetIn(problem);
    this.requestId = text(problem?.instance) ?? requestId;
    this.problem = problem;
  }
}

/** The answer is not one of spikelossd: a redirect, or a success that is anything else. */
export class BadAnswerError extends Error {
  /** @type {'BadAnswerError'} */
  name = 'BadAnswerError';

  /**
   * @param {string} url
   * @param {string} problem
   */
  constructor(url, problem) {
    super(`${url}: the answer is not one of spikelossd: ${problem}`);
    this.url = url;
  }
}

export class ConnectionError extends Error {
  /** @type {'ConnectionError'} */
  name = 'ConnectionError';

  /**
   * @param {string} url
   * @param {number} attempts
   * @param {unknown} cause
   */
  constructor(url, attempts, cause) {
    super(`no answer from ${url} in ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${reason(cause)}${hint(cause)}`, { cause });
    this.attempts = attempts;
  }
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' ? value : null;
}

/** @param {Problem | null} problem */
function offsetIn(problem) {
  const offset = problem?.offset ?? -1;
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : null;
}

/**
 * What helps where a server of http was asked for TLS, by the codes of OpenSSL.
 *
 * @param {any} failure
 * @returns {string}
 */
export function hint(failure) {
  return failure?.cause
    ? hint(failure.cause)
    : /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE/.test(failure?.code)
      ? '; the server may speak http, without TLS: give its URL with http://'
      : '';
}

/**
 * Node says only "fetch failed"; the reason is in its cause.
 *
 * @param {any} failure
 * @returns {string}
 */
function reason(failure) {
  return failure?.cause ? reason(failure.cause) : failure?.message || String(failure?.code ?? failure);
}
