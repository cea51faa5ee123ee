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
    super(problem ? `${problem.code}: ${problem.detail}` : `status ${status} without a reason`);
    this.status = status;
    this.code = problem?.code ?? null;
    this.detail = problem?.detail ?? this.message;
    this.pointer = problem?.pointer ?? null;
    this.offset = problem?.offset ?? null;
    this.requestId = problem?.instance ?? requestId;
    this.problem = problem;
  }
}

export class ConnectionError extends Error {
  /** @type {'ConnectionError'} */
  name = 'ConnectionError';

  /**
   * @param {URL} url
   * @param {number} attempts
   * @param {unknown} cause
   */
  constructor(url, attempts, cause) {
    super(`no answer from ${url} in ${attempts} attempts: ${reason(cause)}`, { cause });
    this.attempts = attempts;
  }
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
