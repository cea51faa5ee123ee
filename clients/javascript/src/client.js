import { answerLimit, readAnswer } from './answer.js';
import { Deadline } from './deadline.js';
import { BadAnswerError, ConnectionError, ProblemError, hint } from './errors.js';
import { writeRequest } from './request.js';
import { readResponse } from './response.js';
import { unixFetch } from './unix.js';

/** Statuses of failures that may be gone at the next attempt. */
const UNAVAILABLE = [502, 503, 504];
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

/** @typedef {import('./index').FetchResponse} FetchResponse */
/** @typedef {import('./response.js').Answer} Answer */

export class Client {
  /** @type {URL} of the requests */
  #base;
  /** @type {string} the address in errors */
  #name;
  /** @type {Record<string, string>} */
  #headers;
  /** @type {{timeout: number, retries: number, fetch: import('./index').Fetch}} */
  #options;

  /**
   * @param {string | URL} [url]
   * @param {import('./index').ClientOptions} [options]
   */
  constructor(url, options = {}) {
    const { token = url ? undefined : environment('SPIKELOSSD_TOKEN'), ...others } = options;
    const { timeout = 60_000, retries = 10, fetch, ...unknown } = others;
    refuseUnknown(unknown, 'token, timeout, retries, fetch');
    const where = String(url || environment('SPIKELOSSD_URL') || 'http://127.0.0.1:8080');
    const local = /^unix:./.test(where);
    this.#base = local ? new URL('http://localhost') : baseOf(where);
    this.#name = local ? where : String(this.#base).slice(0, -1);
    this.#headers = { 'Content-Type': 'application/json', 'Accept-Encoding': 'identity' };
    if (token !== undefined) {
      if (/[^ -~]/.test(token)) {
        throw new TypeError('token: it has a line end or another character that headers do not have');
      }
      this.#headers['Authorization'] = `Bearer ${token}`;
    }
    const own = local ? unixFetch(where.replace(/^unix:(\/\/)?/, '')) : globalThis.fetch;
    this.#options = { timeout, retries, fetch: fetch ?? own };
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
   * @param {import('./index').SpikeCountMse} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  spike_count_mse(fields, options) {
    return this.evaluate('spike_count_mse', fields, options);
  }

  /**
   * @param {import('./index').SpikeCountCrossEntropy} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  spike_count_cross_entropy(fields, options) {
    return this.evaluate('spike_count_cross_entropy', fields, options);
  }

  /**
   * @param {import('./index').ActivityRegularization} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  activity_regularization(fields, options) {
    return this.evaluate('activity_regularization', fields, options);
  }

  /**
   * @param {string} loss
   * @param {object} fields
   * @param {import('./index').Options} [options]
   * @returns {Promise<any>}
   */
  async evaluate(loss, fields, options = {}) {
    const { gradient = 'broadcast', gradient_encoding = 'indexed_f64', signal, ...unknown } = options;
    refuseUnknown(unknown, 'gradient, gradient_encoding, signal');
    if (gradient !== 'broadcast' && gradient !== 'none') {
      throw new TypeError(`gradient: expected 'broadcast' or 'none', not '${gradient}'`);
    }
    const path = `v1/losses/${encodeURIComponent(loss)}`;
    const url = new URL(path, this.#base);
    const body = writeRequest(fields, { gradient, gradient_encoding });
    const deadline = new Deadline(this.#options.timeout, signal);
    const limit = answerLimit(fields);
    const name = `${this.#name}/${path}`;
    const read = (/** @type {FetchResponse} */ answer) => readResponse(answer, limit, name);
    try {
      const answer = await this.#postUntilAnswered(url, body, read, deadline);
      if (answer.status !== 200) {
        throw new ProblemError(answer.status, problemIn(answer.text), answer.requestId);
      }
      return readAnswer(answer.text, fields, gradient, name);
    } finally {
      deadline.close();
    }
  }

  /**
   * @param {URL} url
   * @param {string} body
   * @param {(answer: FetchResponse) => Promise<Answer>} read
   * @param {Deadline} deadline
   * @returns {Promise<Answer>}
   */
  async #postUntilAnswered(url, body, read, deadline) {
    const { fetch, retries } = this.#options;
    const { signal } = deadline;
    const request = { method: 'POST', headers: this.#headers, body, signal };
    for (let attempt = 1; ; attempt++) {
      const last = attempt > retries;
      let pause = pauseAfter(attempt);
      try {
        const answer = await read(await fetch(url, { ...request, redirect: 'manual' }));
        pause = Math.max(pause, answer.retryAfter);
        if (last || !UNAVAILABLE.includes(answer.status) || deadline.comesWithin(pause)) {
          return answer;
        }
      } catch (failure) {
        signal.throwIfAborted();
        if (failure instanceof BadAnswerError) {
          throw failure;
        }
        if (last || hint(failure)) {
          throw new ConnectionError(this.#name, attempt, failure);
        }
      }
      await deadline.pause(pause);
    }
  }
}

/**
 * The address with a slash at its end, so that paths are appended to its own.
 *
 * @param {string} address
 */
function baseOf(address) {
  const base = parsed(address);
  if (base === null || !/^https?:$/.test(base.protocol) || base.username || base.search) {
    throw new TypeError(`${address}: expected http://HOST:PORT, https://HOST:PORT or unix:PATH`);
  }
  base.pathname = base.pathname.replace(/\/*$/, '/');
  return base;
}

/** @param {string} address */
function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null; // its error does not say what is expected
  }
}

/**
 * @param {object} unknown
 * @param {string} known
 */
function refuseUnknown(unknown, known) {
  for (const name of Object.keys(unknown)) {
    throw new TypeError(`${name}: there is no such option; there are ${known}`);
  }
}

/**
 * Browsers have no environment.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
function environment(name) {
  return /** @type {any} */ (globalThis).process?.env?.[name];
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
