import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broadcastTo } from 'spikeloss';
import { writeRequest } from '../src/request.js';

const options = { gradient: 'none', gradient_encoding: 'f64' };

function written(spk) {
  return JSON.parse(writeRequest({ spk }, options)).spk;
}

test('ones and zeros travel as bits, the first value in the highest bit', () => {
  const expected = { shape: [1, 2, 3], encoding: 'bits', data: 'UA==' };
  assert.deepEqual(written({ shape: [1, 2, 3], data: Uint8Array.of(0, 1, 0, 1, 0, 0) }), expected);
  assert.deepEqual(written({ shape: [1, 2, 3], data: [0, 1, -0, 1, 0, 0] }), expected);
  assert.equal(written({ shape: [9], data: Float64Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1) }).data, 'AYA=');
});

test('other numbers of typed arrays travel as little-endian bytes of their own type', () => {
  for (const [data, encoding, base64] of [
    [Uint8Array.of(2, 255), 'u8', 'Av8='],
    [Uint8ClampedArray.of(2, 255), 'u8', 'Av8='],
    [Uint16Array.of(2, 258), 'u16', 'AgACAQ=='],
    [Uint32Array.of(2, 258), 'u32', 'AgAAAAIBAAA='],
    [Float32Array.of(1, 0.5), 'f32', 'AACAPwAAAD8='],
    [Float64Array.of(1, 0.5), 'f64', 'AAAAAAAA8D8AAAAAAADgPw=='],
  ]) {
    assert.deepEqual(written({ shape: [2], data }), { shape: [2], encoding, data: base64 });
  }
});

test('signed integers travel as floats that hold all of their values', () => {
  const small = { shape: [1], encoding: 'f32', data: 'AAAAwA==' };
  assert.deepEqual(written({ shape: [1], data: Int8Array.of(-2) }), small);
  assert.deepEqual(written({ shape: [1], data: Int16Array.of(-2) }), small);
  const large = { shape: [1], encoding: 'f64', data: 'AAAAAAAAAMA=' };
  assert.deepEqual(written({ shape: [1], data: Int32Array.of(-2) }), large);
});

test('tensors with an encoding pass through untouched, bytes as base64', () => {
  for (const tensor of [
    { shape: [1, 8], encoding: 'bits', data: 'oA==' },
    { shape: [1, 8], encoding: 'coo', data: [[0, 1]] },
    { encoding: 'f32', data: 'AACAPw==', shape: [1], summed: 'time' },
    { shape: [1], encoding: 'no such', data: 7 },
  ]) {
    assert.deepEqual(written(tensor), tensor);
  }
  const bytes = Uint8Array.of(0, 160, 0).subarray(1, 2);
  const packed = { shape: [1, 8], encoding: 'bits', data: 'oA==' };
  assert.deepEqual(written({ shape: [1, 8], encoding: 'bits', data: bytes }), packed);
});

test('sums travel as numbers, never as bits, and say what they sum', () => {
  const sums = { shape: [1, 4, 2], summed: 'time' };
  assert.deepEqual(written({ ...sums, data: Uint8Array.of(1, 0) }), {
    ...sums,
    encoding: 'u8',
    data: 'AQA=',
  });
  assert.deepEqual(written({ ...sums, data: [1, 0] }), { ...sums, data: [1, 0] });
});

test('axes come before the first tensor', () => {
  const text = writeRequest({ spk: [[[1]]], axes: 'time_batch_neurons' }, options);
  assert(text.startsWith('{"axes":"time_batch_neurons","spk":'), text);
});

test('options among the fields are an error', () => {
  assert.throws(() => writeRequest({ spk: [[[1]]], gradient: 'none' }, options), TypeError);
});

test('part of a larger buffer is sent alone', () => {
  const data = Float64Array.of(9, 0.5, 9).subarray(1, 2);
  assert.equal(written({ shape: [1], data }).data, 'AAAAAAAA4D8=');
});

test('plain arrays of other numbers stay text, so that the service can say what is wrong', () => {
  assert.deepEqual(written({ shape: [2], data: [1, 0.1] }), { shape: [2], data: [1, 0.1] });
  assert.deepEqual(written({ shape: [2], data: [1, 'x'] }), { shape: [2], data: [1, 'x'] });
});

test('BigInts are no spikes', () => {
  assert.throws(() => written({ shape: [1], data: BigInt64Array.of(2n) }), /^TypeError: data: BigInts are no spikes/);
});

test('BigInts are labels and numbers as far as they are exact', () => {
  const body = (fields) => JSON.parse(writeRequest(fields, {}));
  assert.deepEqual(body({ targets: [0n, 2n] }), { targets: [0, 2] });
  assert.deepEqual(body({ targets: BigInt64Array.of(1n, -1n) }), { targets: [1, -1] });
  assert.deepEqual(body({ num_classes: 3n }), { num_classes: 3 });
  for (const targets of [[0, 2n ** 53n], BigUint64Array.of(2n ** 53n)]) {
    assert.throws(() => body({ targets }), /^TypeError: targets: 9007199254740992n is too large/);
  }
});

test('a gradient repeats along every axis of length 1', () => {
  const small = { shape: [2, 1, 2], data: Float64Array.of(1, 2, 3, 4) };
  const large = broadcastTo(small, [2, 3, 2]);
  assert.deepEqual(large.shape, [2, 3, 2]);
  assert.deepEqual([...large.data], [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
  const one = { shape: [1, 1, 1], data: Float32Array.of(0.5) };
  assert.deepEqual(broadcastTo(one, [2, 1, 3]).data, new Float32Array(6).fill(0.5));
  const middle = { shape: [1, 2, 1], data: Float64Array.of(1, 2) };
  assert.deepEqual([...broadcastTo(middle, [2, 2, 2]).data], [1, 1, 2, 2, 1, 1, 2, 2]);
});

test('what has its shape already is copied', () => {
  const gradient = { shape: [2], data: Float64Array.of(1, 2) };
  const copy = broadcastTo(gradient, [2]);
  copy.data[0] = 9;
  assert.equal(gradient.data[0], 1);
});

test('a shape that it does not broadcast to is an error', () => {
  const gradient = { shape: [2, 1], data: Float64Array.of(1, 2) };
  for (const shape of [[2], [3, 1], [1, 1], [1, 2, 1], []]) {
    assert.throws(() => broadcastTo(gradient, shape), RangeError);
  }
});

test('browsers, which have no Buffer, write and read the same base64', async () => {
  const { Buffer } = globalThis;
  delete globalThis.Buffer;
  try {
    const { fromBase64, toBase64 } = await import('../src/base64.js?in-a-browser');
    const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 37) >>> 3);
    const text = toBase64(bytes);
    assert.equal(text, Buffer.from(bytes).toString('base64'));
    assert.deepEqual(fromBase64(text), bytes);
  } finally {
    globalThis.Buffer = Buffer;
  }
});
