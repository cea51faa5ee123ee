/**
 * Tensors as programs hold them and as they are sent. Mismatches are sent as they are: the service
 * alone checks requests.
 */
import { fromBase64, toBase64 } from './base64.js';

/**
 * @typedef {import('./index').FlatTensor} FlatTensor
 * @typedef {import('./index').Gradient} Gradient
 * @typedef {import('./index').Numbers} Numbers
 * @typedef {{shape: number[], encoding: string, data: string}} EncodedTensor
 */

/** Arrays whose every value is exact in four bytes. */
const SMALL = [Float32Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array];

/** @param {FlatTensor} tensor */
export function encodeTensor({ shape, data }) {
  const bits = data.length === product(shape) ? packBits(data) : null;
  if (bits) {
    return { shape, encoding: 'bits', data: toBase64(bits) };
  }
  if (Array.isArray(data)) {
    return { shape, data };
  }
  const single = SMALL.some((type) => data instanceof type);
  return { shape, encoding: single ? 'f32' : 'f64', data: toBase64(floatBytes(data, single)) };
}

/**
 * @param {EncodedTensor} encoded
 * @returns {Gradient}
 */
export function decodeTensor({ shape, encoding, data }) {
  const bytes = fromBase64(data);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const single = encoding === 'f32';
  const values = single ? new Float32Array(bytes.length / 4) : new Float64Array(bytes.length / 8);
  for (let i = 0; i < values.length; i++) {
    values[i] = single ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
  }
  return { shape, data: values };
}

/**
 * From the last axis to the first, every block after an axis of length 1 is repeated.
 *
 * @param {Gradient} gradient
 * @param {readonly number[]} shape
 * @returns {Gradient}
 */
export function broadcastTo({ shape: small, data }, shape) {
  if (small.length !== shape.length || small.some((n, axis) => n !== 1 && n !== shape[axis])) {
    throw new RangeError(`[${small}] does not broadcast to [${shape}]`);
  }
  let values = data;
  let block = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (small[axis] !== shape[axis]) {
      values = repeatBlocks(values, block, shape[axis]);
    }
    block *= shape[axis];
  }
  return { shape: [...shape], data: values === data ? data.slice() : values };
}

/**
 * @param {Float64Array | Float32Array} values
 * @param {number} block length
 * @param {number} times
 */
function repeatBlocks(values, block, times) {
  const type = values instanceof Float32Array ? Float32Array : Float64Array;
  const repeated = new type(values.length * times);
  for (let from = 0, to = 0; from < values.length; from += block) {
    for (let time = 0; time < times; time++, to += block) {
      repeated.set(values.subarray(from, from + block), to);
    }
  }
  return repeated;
}

/**
 * One bit a value, most significant first; null if a value is neither 0 nor 1.
 *
 * @param {Numbers} values
 */
function packBits(values) {
  const bytes = new Uint8Array(Math.ceil(values.length / 8));
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 1) {
      bytes[i >>> 3] |= 128 >>> (i & 7);
    } else if (values[i] !== 0) {
      return null;
    }
  }
  return bytes;
}

/**
 * @param {Numbers} values
 * @param {boolean} single precision
 */
function floatBytes(values, single) {
  const view = new DataView(new ArrayBuffer(values.length * (single ? 4 : 8)));
  for (let i = 0; i < values.length; i++) {
    if (single) {
      view.setFloat32(4 * i, values[i], true);
    } else {
      view.setFloat64(8 * i, values[i], true);
    }
  }
  return new Uint8Array(view.buffer);
}

/** @param {readonly number[]} shape */
function product(shape) {
  return shape.reduce((count, length) => count * length, 1);
}
