/** Requests as JSON text, and answers from it. */
import { decodeTensor, encodeTensor } from './tensor.js';

/**
 * @param {object} fields
 * @param {{gradient: string, gradient_encoding: string}} options
 */
export function writeRequest(fields, options) {
  return JSON.stringify({ ...encode(fields), ...options });
}

/** @param {string} text */
export function readAnswer(text) {
  const answer = JSON.parse(text);
  if (answer.gradients) {
    answer.gradients = decode(answer.gradients);
  }
  return answer;
}

/**
 * @param {any} value
 * @returns {any}
 */
function encode(value) {
  if (ArrayBuffer.isView(value)) {
    return Array.from(/** @type {any} */ (value), Number);
  }
  if (Array.isArray(value)) {
    return value.some(isObject) ? value.map(encode) : value;
  }
  if (!isObject(value)) {
    return value;
  }
  return 'shape' in value ? encodeTensor(value) : mapMembers(value, encode);
}

/**
 * @param {any} value
 * @returns {any}
 */
function decode(value) {
  if (Array.isArray(value)) {
    return value.map(decode);
  }
  if (!isObject(value)) {
    return value;
  }
  return 'shape' in value ? decodeTensor(value) : mapMembers(value, decode);
}

/**
 * @param {object} object
 * @param {(value: any) => any} change
 */
function mapMembers(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

/**
 * @param {unknown} value
 * @returns {value is any}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}
