/** Answers of HTTP as text: no more of them than the service could have sent. */
import { BadAnswerError } from './errors.js';

/** The largest problem document that is read, in bytes. */
const PROBLEM_LIMIT = 65536;

/** @typedef {import('./index').FetchResponse} FetchResponse */
/** @typedef {{status: number, text: string, requestId: string | null, retryAfter: number}} Answer */

/**
 * Of an error that is compressed or too long, only the status is left: it explains nothing.
 *
 * @param {FetchResponse} answer
 * @param {number} limit of a success, in bytes
 * @param {string} url
 * @returns {Promise<Answer>}
 */
export async function readResponse(answer, limit, url) {
  const { status, headers } = answer;
  const encoding = headers.get('Content-Encoding') ?? 'identity';
  if (status < 400 && status !== 200) {
    throw new BadAnswerError(url, unexpected(answer));
  }
  if (status === 200 && encoding !== 'identity') {
    throw new BadAnswerError(url, `it is compressed (${encoding}), which was not asked for`);
  }
  const readable = status === 200 ? limit : encoding === 'identity' ? PROBLEM_LIMIT : 0;
  const bytes = await readBody(answer, readable);
  if (status === 200 && !bytes) {
    throw new BadAnswerError(url, `it has more than ${limit} bytes`);
  }
  return {
    status,
    text: decodeText(bytes),
    requestId: headers.get('X-Request-Id'),
    retryAfter: 1000 * Number(headers.get('Retry-After')) || 0,
  };
}

/**
 * Browsers do not tell where a redirect leads, and give it the status 0.
 *
 * @param {FetchResponse} answer
 */
function unexpected({ status, type, headers }) {
  const location = headers.get('Location') ?? '(unknown)';
  return status >= 300 || type === 'opaqueredirect'
    ? `a redirect to ${location}, which is not followed; if it is right, use its address`
    : `status ${status}`;
}

/**
 * @param {FetchResponse} answer
 * @param {number} limit in bytes
 * @returns {Promise<Uint8Array | null>} null if there are more
 */
async function readBody(answer, limit) {
  const pieces = [];
  let length = 0;
  const reader = answer.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    pieces.push(piece.value);
    length += piece.value.length;
    if (length > limit) {
      return null;
    }
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

/**
 * What is not UTF-8 becomes text that is not JSON.
 *
 * @param {Uint8Array | null} bytes
 */
function decodeText(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes ?? undefined);
  } catch {
    return '';
  }
}
