/** Requests as JSON text. */
import { encodeTensor } from './tensor.js';

/**
 * The service counts tensors while they arrive, so `axes` comes first.
 *
 * @param {object} fields
 * @param {{gradient: string, gradient_encoding: string}} options
 */
export function writeRequest(fields, options) {
  if (!isObject(fields) || Array.isArray(fields)) {
    throw new TypeError(`fields: expected an object such as {spk, targets, …}, not ${fields}`);
  }
  const { axes, ...others } = /** @type {{axes?: string}} */ (fields);
  for (const name of Object.keys(options)) {
    if (name in others) {
      throw new TypeError(`${name}: it is an option, the argument after the fields`);
    }
  }
  return JSON.stringify({ axes, ...encodeFields(others), ...options });
}

/**
 * @param {any} value
 * @param {string} name of the field, in errors
 * @returns {any}
 */
function encode(value, name) {
  if (ArrayBuffer.isView(value)) {
    return Array.from(/** @type {any} */ (value), (item) => number(item, name));
  }
  if (Array.isArray(value)) {
    return value.some(isNoNumber) ? value.map((item) => encode(item, name)) : value;
  }
  if (!isObject(value)) {
    return typeof value === 'bigint' ? number(value, name) : value;
  }
  return 'shape' in value ? encodeTensor(value) : encodeFields(value);
}

/**
 * @param {object} fields
 * @returns {Record<string, any>}
 */
function encodeFields(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, item]) => [name, encode(item, name)]));
}

/**
 * JSON has no BigInts, and numbers beyond 2^53 are not exact.
 *
 * @param {number | bigint} value
 * @param {string} name
 */
function number(value, name) {
  if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value))) {
    throw new TypeError(`${name}: ${value}n is too large; expected integers up to 2^53`);
  }
  return Number(value);
}

/** @param {unknown} value */
function isNoNumber(value) {
  return typeof value === 'bigint' || isObject(value);
}

/**
 * @param {unknown} value
 * @returns {value is any}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}
