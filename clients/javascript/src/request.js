/** Requests as JSON text. */
import { encodeTensor } from './tensor.js';

/**
 * The service counts tensors while they arrive, so `axes` comes first.
 *
 * @param {object} fields
 * @param {{gradient: string, gradient_encoding: string}} options
 */
export function writeRequest(fields, options) {
  const { axes, ...others } = /** @type {{axes?: string}} */ (fields);
  for (const name of Object.keys(options)) {
    if (name in others) {
      throw new TypeError(`${name}: it is an option, the argument after the fields`);
    }
  }
  return JSON.stringify({ axes, ...encode(others), ...options });
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
  return 'shape' in value
    ? encodeTensor(value)
    : Object.fromEntries(Object.entries(value).map(([name, item]) => [name, encode(item)]));
}

/**
 * @param {unknown} value
 * @returns {value is any}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}
