import { Deadline } from './deadline.js';
import { ConnectionError, ProblemError } from './errors.js';
import { readAnswer, writeRequest } from './message.js';

/** Statuses of failures that may be gone at the next attempt. */
const UNAVAILABLE = [502, 503, 504];
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

/** @typedef {{status: number, text: string, requestId: string | null, retryAfter: number}} Answer */

export class Client {
  /** @type {URL} */
  #base;
  /** @type {Record<string, string>} */
  #headers;
  /** @type {{timeout: number, retries: number, fetch: typeof fetch}} */
  #options;

  /**
   * @param {string | URL} url
   * @param {import('./index').ClientOptions} [options]
   */
  constructor(url, options = {}) {
    const { token, timeout = 60_000, retries = 10, fetch = globalThis.fetch } = options;
    this.#base = new URL(url);
    this.#base.pathname = this.#base.pathname.replace(/\/*$/, '/');
    this.#headers = { 'Content-Type': 'application/json' };
    if (token !== undefined) {
      this.#headers['Authorization'] = `Bearer ${token}`;
    }
    this.#options = { timeout, retries, fetch };
  }

  /**
   * @param {import('./index').FiringRateTargetMseLoss} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  firing_rate_target_mse_loss(fields, options) {
    return this.evaluate('firing_rate_target_mse_loss', fields, options);
  }

  /**
   * @param {import('./index').BalancedPopulationMse} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  balanced_population_mse(fields, options) {
    return this.evaluate('balanced_population_mse', fields, options);
  }

  /**
   * @param {string} loss
   * @param {object} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  async evaluate(loss, fields, options = {}) {
    const { gradient = 'broadcast', gradient_encoding = 'f64', signal } = options;
    const url = new URL(`v1/losses/${encodeURIComponent(loss)}`, this.#base);
    const body = writeRequest(fields, { gradient, gradient_encoding });
    const deadline = new Deadline(this.#options.timeout, signal);
    try {
      const answer = await this.#postUntilAnswered(url, body, deadline);
      if (answer.status !== 200) {
        throw new ProblemError(answer.status, problemIn(answer.text), answer.requestId);
      }
      return readAnswer(answer.text);
    } finally {
      deadline.close();
    }
  }

  /**
   * @param {URL} url
   * @param {string} body
   * @param {Deadline} deadline
   * @returns {Promise<Answer>}
   */
  async #postUntilAnswered(url, body, deadline) {
    for (let attempt = 1; ; attempt++) {
      const last = attempt > this.#options.retries;
      let pause = pauseAfter(attempt);
      try {
        const answer = await this.#post(url, body, deadline.signal);
        pause = Math.max(pause, answer.retryAfter);
        if (last || !UNAVAILABLE.includes(answer.status) || deadline.comesWithin(pause)) {
          return answer;
        }
      } catch (failure) {
        deadline.signal.throwIfAborted();
        if (last) {
          throw new ConnectionError(url, attempt, failure);
        }
      }
      await deadline.pause(pause);
    }
  }

  /**
   * @param {URL} url
   * @param {string} body
   * @param {AbortSignal} signal
   * @returns {Promise<Answer>}
   */
  async #post(url, body, signal) {
    const { fetch } = this.#options;
    const answer = await fetch(url, { method: 'POST', headers: this.#headers, body, signal });
    return {
      status: answer.status,
      text: await answer.text(),
      requestId: answer.headers.get('X-Request-Id'),
      retryAfter: 1000 * Number(answer.headers.get('Retry-After')) || 0,
    };
  }
}

/**
 * Doubles with each attempt, and varies at random, so that programs that lost the same service do not
 * return at the same moment.
 *
 * @param {number} attempt counted from 1
 */
function pauseAfter(attempt) {
  const pause = Math.min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE);
  return pause * (0.75 + Math.random() / 4);
}

/**
 * Answers of proxies and other servers have no problem document.
 *
 * @param {string} text
 * @returns {import('./index').Problem | null}
 */
function problemIn(text) {
  try {
    const problem = JSON.parse(text);
    return typeof problem?.code === 'string' ? problem : null;
  } catch {
    return null;
  }
}
