/**
 * Tensors as programs hold them and as they are sent. Mismatches are sent as they are: the service
 * alone checks requests.
 */
import { fromBase64, toBase64 } from './base64.js';

/**
 * @typedef {import('./index').Gradient} Gradient
 * @typedef {import('./index').Numbers} Numbers
 */

/** The encodings of typed arrays; what others hold is exact in doubles. */
const ENCODINGS = /** @type {const} */ ([
  ['u8', Uint8Array],
  ['u8', Uint8ClampedArray],
  ['u16', Uint16Array],
  ['u32', Uint32Array],
  ['f32', Float32Array],
]);

/** Types that every value of these fits into. */
const SINGLE = [Int8Array, Int16Array];

/**
 * A tensor with an encoding has been encoded by the program.
 *
 * @param {any} tensor
 */
export function encodeTensor(tensor) {
  const { shape, data, encoding, ...others } = tensor;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    throw new TypeError('data: BigInts are no spikes; use Uint32Array or Float64Array.from(data, Number)');
  }
  if (encoding !== undefined) {
    return ArrayBuffer.isView(data) ? { ...tensor, data: toBase64(bytesOf(data)) } : tensor;
  }
  const bits = !others.summed && data.length === product(shape) ? packBits(data) : null;
  if (bits) {
    return { ...others, shape, encoding: 'bits', data: toBase64(bits) };
  }
  if (!ArrayBuffer.isView(data)) {
    return { ...others, shape, data };
  }
  const [name, values] = exact(data);
  return { ...others, shape, encoding: name, data: toBase64(littleEndian(values)) };
}

/**
 * @param {any} data
 * @returns {[string, ArrayBufferView]}
 */
function exact(data) {
  const encoding = ENCODINGS.find(([, type]) => data instanceof type);
  if (encoding) {
    return [encoding[0], data];
  }
  return SINGLE.some((type) => data instanceof type)
    ? ['f32', Float32Array.from(data)]
    : ['f64', Float64Array.from(data)];
}

/**
 * @param {any} tensor
 * @param {readonly number[]} large the shape that it broadcasts to
 * @param {string} name
 * @returns {Gradient}
 */
export function decodeTensor({ shape, encoding, data, table }, large, name) {
  if (!isShape(shape) || !broadcasts(shape, large)) {
    throw new Error(`the gradient of ${name} has not the shape of a gradient of [${large}]`);
  }
  const count = product(shape);
  const values =
    encoding === undefined ? numbersIn(data)
    : INDEXED.has(encoding) ? indexedIn(data, floatsIn(table, INDEXED.get(encoding)))
    : floatsIn(data, encoding);
  if (values?.length !== count || !values.every(Number.isFinite)) {
    const encodings = ['f32', 'f64', ...INDEXED.keys()].join(', ');
    throw new Error(`the gradient of ${name} is not ${count} numbers as text or one of ${encodings}`);
  }
  return { shape, data: values };
}

/** Encodings of a byte an element, with the encoding of the table that it looks up. */
const INDEXED = new Map([['indexed_f32', 'f32'], ['indexed_f64', 'f64']]);

/** @param {any} shape */
function isShape(shape) {
  return Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n > 0);
}

/** @param {any} data */
function numbersIn(data) {
  return Array.isArray(data) && data.every(Number.isFinite) ? Float64Array.from(data) : null;
}

/**
 * @param {any} data
 * @param {any} encoding
 */
function floatsIn(data, encoding) {
  const bytes = typeof data === 'string' ? fromBase64(data) : null;
  const single = encoding === 'f32';
  const width = single ? 4 : 8;
  if (!bytes || bytes.length % width !== 0 || !(single || encoding === 'f64')) {
    return null;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = single ? new Float32Array(bytes.length / 4) : new Float64Array(bytes.length / 8);
  for (let i = 0; i < values.length; i++) {
    values[i] = single ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
  }
  return values;
}

/**
 * Beyond the table: NaN.
 *
 * @param {any} data
 * @param {Float64Array | Float32Array | null} table
 */
function indexedIn(data, table) {
  const indices = typeof data === 'string' ? fromBase64(data) : null;
  if (!indices || !table) {
    return null;
  }
  const type = table instanceof Float32Array ? Float32Array : Float64Array;
  return type.from(indices, (index) => table[index]);
}

/**
 * NumPy's rule, for equal ranks.
 *
 * @param {readonly number[]} small
 * @param {readonly number[]} large
 */
function broadcasts(small, large) {
  return small.length === large.length && small.every((n, axis) => n === 1 || n === large[axis]);
}

/**
 * From the last axis to the first, every block after an axis of length 1 is repeated.
 *
 * @param {Gradient} gradient
 * @param {readonly number[]} shape
 * @returns {Gradient}
 */
export function broadcastTo({ shape: small, data }, shape) {
  if (!broadcasts(small, shape)) {
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

/** @param {ArrayBufferView} values */
function bytesOf(values) {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** @param {any} values */
function littleEndian(values) {
  const bytes = bytesOf(values);
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) {
    return bytes;
  }
  const width = values.BYTES_PER_ELEMENT;
  return bytes.map((_, i) => bytes[i - (i % width) + width - 1 - (i % width)]);
}

/** @param {readonly number[]} shape */
export function product(shape) {
  return shape.reduce((count, length) => count * length, 1);
}
